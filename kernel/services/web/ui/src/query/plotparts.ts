/** What all charts share. */
import uPlot from 'uplot';
import { stamp, type Zone } from '../lib/format';
import { zone } from '../lib/store';

export function heightFor(width: number): number {
  return width < 480 ? 220 : 320;
}

/** The date that an axis shows for a time in seconds. */
export function zoned(s: number, zone: Zone): Date {
  const at = new Date(s * 1000);
  return zone === 'local' ? at : uPlot.tzDate(at, zone === 'utc' ? 'UTC' : zone);
}

/** 24-hour clock, the day where it changes. */
export function timeLabels(_u: uPlot, ticks: number[]): string[] {
  const z = zone.get();
  let day = '';
  const span = (ticks.at(-1) ?? 0) - (ticks[0] ?? 0);
  const step = ticks.length > 1 ? (ticks[1] as number) - (ticks[0] as number) : span;
  return ticks.map((t) => {
    const s = stamp(t * 1000, z);
    const date = s.slice(5, 10);
    const time = step < 60 ? s.slice(11) : s.slice(11, 16);
    const changed = day !== '' && date !== day;
    day = date;
    if (step >= 86_400) return date;
    return changed ? `${time}\n${date}` : time;
  });
}
