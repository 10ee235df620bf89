/** Panels and rows repeated for the values of a variable. */
import { ALL, interpolate } from './interpolate';
import type { Chosen, Dashboard, Panel, Row } from './model';
import { compacted } from './read';

const MOST = 500;

/**
 * Rows as they are shown: with a panel or a row for each chosen value of the variable it is repeated for.
 *
 * @param problems is given what is left out
 */
export function expand(dashboard: Dashboard, chosen: readonly Chosen[], problems: string[] = []): Row[] {
  const out: Row[] = [];
  let made = 0;
  let next = 1 + dashboard.rows.reduce((m, r) => r.panels.reduce((k, p) => Math.max(k, p.id), m), 0);
  const room = () => {
    if (made < MOST) return true;
    const problem = `over ${MOST} repeated panels, the rest is left out; choose fewer values`;
    if (!problems.includes(problem)) problems.push(problem);
    return false;
  };
  const fresh = () => {
    made++;
    return next++;
  };
  for (const row of dashboard.rows) {
    const values = valuesOf(row.repeat, chosen);
    if (values === null) out.push({ ...row, panels: repeated(row.panels, chosen, {}, fresh, room) });
    else
      values.forEach((v, i) => {
        if (i > 0 && !room()) return;
        const scoped = { [row.repeat]: v };
        const panels = row.panels.map((p) => (i === 0 ? { ...p, scoped } : { ...p, id: fresh(), scoped }));
        out.push({
          ...row,
          id: i === 0 ? row.id : `${row.id}-${i}`,
          title: titled(row.title, chosen, scoped),
          panels: repeated(panels, chosen, scoped, fresh, room),
        });
      });
  }
  return out;
}

/** Title of a repeated row, with the value it stands for. */
function titled(title: string, chosen: readonly Chosen[], scoped: Readonly<Record<string, string>>): string {
  const scope = { chosen, scoped, range: { fromMs: 0, toMs: 0 }, intervalMs: 0, rateIntervalMs: 0, dashboard: '' };
  return interpolate(title, scope, 'text');
}

/** Values to repeat for; null when there is nothing to repeat. */
function valuesOf(name: string, chosen: readonly Chosen[]): readonly string[] | null {
  const c = name === '' ? undefined : chosen.find((x) => x.variable.name === name);
  if (c === undefined) return null;
  const values =
    c.values.length === 1 && c.values[0] === ALL ? c.options.map((o) => o.value).filter((v) => v !== ALL) : c.values;
  return values.length === 0 ? [''] : values;
}

function repeated(
  panels: readonly Panel[],
  chosen: readonly Chosen[],
  scoped: Readonly<Record<string, string>>,
  fresh: () => number,
  room: () => boolean,
): Panel[] {
  const out: Panel[] = [];
  let down = 0;
  for (const p of [...panels].sort((a, b) => a.grid.y - b.grid.y || a.grid.x - b.grid.x)) {
    const moved = { ...p, grid: { ...p.grid, y: p.grid.y + down } };
    const values = Object.hasOwn(scoped, p.repeat) ? null : valuesOf(p.repeat, chosen);
    if (values === null) {
      out.push(moved);
      continue;
    }
    const across = Math.min(values.length, p.maxPerRow);
    const w = p.repeatDown ? p.grid.w : Math.max(1, Math.floor(24 / across));
    values.forEach((v, i) => {
      if (i > 0 && !room()) return;
      const line = p.repeatDown ? i : Math.floor(i / across);
      out.push({
        ...moved,
        id: i === 0 ? p.id : fresh(),
        scoped: { ...p.scoped, [p.repeat]: v },
        grid: {
          x: p.repeatDown ? p.grid.x : (i % across) * w,
          y: moved.grid.y + line * p.grid.h,
          w,
          h: p.grid.h,
        },
      });
    });
    const lines = p.repeatDown ? values.length : Math.ceil(values.length / across);
    down += (lines - 1) * p.grid.h;
  }
  return compacted(out);
}
