/**
 * Checks a session before anything of it is used. export/check/replay.py checks the same, and
 * tests/formats/cases/sessions.json holds cases for both.
 */

const KIND = "nca-session-1";
/** The largest width and height of a grid, in cells. */
export const WIDEST = 4096;
/** The largest seed. */
export const SEED_MOST = 2 ** 32 - 1;
const RULES_MOST = 16;
const STEPS_MOST = 1e8;
const PLACE = { x: 2 * WIDEST, y: 2 * WIDEST, r: 2 * WIDEST };
/** The largest value of each number of an event, by its kind. @type {Record<string, Record<string, number>>} */
const LARGEST = {
  erase: PLACE,
  restore: PLACE,
  noise: PLACE,
  own: { ...PLACE, rule: RULES_MOST - 1 },
  slow: { ...PLACE, halvings: 8 },
  keep: {},
  turn: { turn: 255 },
};

/**
 * @template {{ channels: number }} B @param {any} session @param {(content: any) => B} accept checks a bundle
 * @returns {B[]} its bundles @throws {Error} that says what is wrong with the session
 */
export function checkSession(session, accept) {
  if (session?.format != KIND) fault("format", session?.format, KIND);
  const { width, height, seed, steps, bundles, events } = session;
  wholeNumber("width", width, 1, WIDEST);
  wholeNumber("height", height, 1, WIDEST);
  wholeNumber("seed", seed, 0, SEED_MOST);
  wholeNumber("steps", steps, 0, STEPS_MOST);
  if (!Array.isArray(bundles) || !bundles.length || bundles.length > RULES_MOST || !Array.isArray(events))
    throw new Error(`expected 1 to ${RULES_MOST} bundles and a list of events in it`);
  const accepted = bundles.map(accept);
  accepted.forEach((bundle) => checkShared(bundle, accepted));
  events.reduce((least, event) => checkEvent(event, least, steps, bundles.length), 0);
  return accepted;
}

/** Rules that share a field have as many channels as the first, and update half of the cells at most. */
function checkShared(/** @type {any} */ { channels, update }, /** @type {any[]} */ bundles) {
  if (channels != bundles[0].channels) fault("channels", channels, `${bundles[0].channels}, as the first rule has`);
  if (bundles.length > 1 && update > 128) fault("update rate", `${update}/256`, "at most 1/2 in a shared field");
}

/**
 * @param {any} event @param {number} least the step of the event before it @param {number} steps @param {number} rules
 * @returns the step of the event
 */
function checkEvent(event, least, steps, rules) {
  const [step, kind, ...numbers] = Array.isArray(event) ? event : [];
  if (typeof kind != "string" || !Object.hasOwn(LARGEST, kind))
    fault("event", JSON.stringify(event), `a step, then one of ${Object.keys(LARGEST).join(", ")}, then its numbers`);
  /** @type {Record<string, number>} */
  const limits = { ...LARGEST[kind], ...(kind == "own" && { rule: rules - 1 }) };
  const names = Object.keys(limits);
  if (numbers.length != names.length)
    fault("event", JSON.stringify(event), `${names.join(", ") || "no numbers"} after ${kind}`);
  wholeNumber("step", step, least, steps);
  names.forEach((name, i) => wholeNumber(name, numbers[i], 0, limits[name]));
  return step;
}

/** @param {string} name @param {any} value @param {number} least @param {number} most */
function wholeNumber(name, value, least, most) {
  const right = Number.isInteger(value) && value >= least && value <= most;
  if (!right) fault(name, JSON.stringify(value), `a whole number from ${least} to ${most}`);
}

/** @param {string} name @param {unknown} found @param {string} expected @returns {never} */
function fault(name, found, expected) {
  throw new Error(`${name} is ${String(found).slice(0, 60)}, expected ${expected}`);
}
