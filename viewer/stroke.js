/**
 * Discs from one cell to another, close enough to leave no gap.
 * @param {(x: number, y: number, r: number) => void} stamp @param {number[]} from @param {number[]} to @param {number} r
 */
export function stroke(stamp, [x, y], to, r) {
  const [across, down] = [to[0] - x, to[1] - y];
  const stamps = Math.ceil(Math.hypot(across, down) / Math.max(1, r / 2)) || 1;
  for (let i = 1; i <= stamps; i++)
    stamp(Math.round(x + (across * i) / stamps), Math.round(y + (down * i) / stamps), r);
}
