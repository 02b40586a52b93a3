/**
 * Discs from one cell to another, close enough to leave no gap.
 * @param {(x: number, y: number, r: number) => void} stamp @param {number[]} from @param {number[]} to @param {number} r
 */
export function stroke(stamp, [x, y], to, r) {
  const [across, down] = [to[0] - x, to[1] - y];
  for (let part = 1; part > 0; part -= Math.max(1, r / 2) / Math.hypot(across, down))
    stamp(Math.round(x + across * part), Math.round(y + down * part), r);
}
