/** Geometry of the small graphs. Pure functions. */

/** Lines of an SVG path through the values; a gap ends a line, a lone value becomes a short dash. */
export function sparkPath(
  values: readonly (number | null)[],
  width: number,
  height: number,
  lo: number,
  hi: number,
): string {
  const span = hi > lo ? hi - lo : 1;
  const dx = values.length > 1 ? width / (values.length - 1) : width;
  const x = (i: number) => Number((i * dx).toFixed(1));
  const y = (v: number) => Number((height - ((v - lo) / span) * height).toFixed(1));
  let out = '';
  values.forEach((v, i) => {
    if (v === null) return;
    const before = values[i - 1] ?? null;
    const after = values[i + 1] ?? null;
    out += `${before === null ? 'M' : 'L'}${x(i)} ${y(v)}`;
    if (before === null && after === null) out += `h${Math.min(2, dx)}`;
  });
  return out;
}

/** Lowest and highest value; a range that begins at zero unless all values are below it. */
export function sparkRange(lines: readonly (readonly (number | null)[])[], top?: number): [number, number] {
  let lo = 0;
  let hi = top ?? -Infinity;
  for (const l of lines) {
    for (const v of l) {
      if (v === null) continue;
      lo = Math.min(lo, v);
      hi = Math.max(hi, v);
    }
  }
  if (!Number.isFinite(hi)) return [0, 1];
  return hi > lo ? [lo, hi] : [lo, lo + 1];
}
