/** Where the system asks for less motion, a texture takes this many steps and then stands still. */
export const STILL = 256;

/** A media query: it matches while the system asks for less motion, and fires an event when that changes. */
export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)");
