/** TEMP shim */
export const toBundle = (/** @type {any} */ bundle) => bundle;
