/** Detects that the user shakes the phone. */

const HARD = 15; // m/s^2, without gravity: the least acceleration of a shake
const REST = 1000; // ms before another shake counts

/** Calls a function at each shake while the box is ticked. @param {HTMLInputElement} box @param {() => void} call */
export function shake(box, call) {
  let last = -Infinity;
  /** @param {DeviceMotionEvent} event */
  const feel = ({ acceleration, timeStamp }) => {
    const { x = 0, y = 0, z = 0 } = acceleration ?? {};
    if (Math.hypot(x ?? 0, y ?? 0, z ?? 0) < HARD || timeStamp - last < REST) return;
    last = timeStamp;
    call();
  };
  box.onchange = async () => {
    removeEventListener("devicemotion", feel);
    if (!box.checked) return;
    const allowed = await /** @type {any} */ (globalThis.DeviceMotionEvent)?.requestPermission?.(); // iOS asks the user
    box.checked = allowed != "denied";
    if (box.checked) addEventListener("devicemotion", feel);
  };
}
