/** States over time: one line per series, with spans or with cells. */
import { useMemo } from 'preact/hooks';
import { stamp, type Zone } from '../../lib/format';
import { useSize, type Drawing } from '../board';
import { hidden, show } from '../fields';
import type { Field, Shown } from '../model';
import { num } from '../read';
import { inkOn } from './Figures';

const MOST_LINES = 200;
const MOST_SPANS = 4000;

interface Span {
  readonly from: number;
  readonly to: number;
  readonly shown: Shown;
}

interface Row {
  readonly name: string;
  readonly spans: readonly Span[];
}

function rowsOf(props: Drawing, merged: boolean): { rows: Row[]; cut: boolean } {
  const { data, dark, zone } = props;
  const { toMs } = data.range;
  let left = MOST_SPANS;
  const rows: Row[] = [];
  for (const frame of data.frames) {
    const time = frame.fields.find((f) => f.type === 'time');
    if (time === undefined) continue;
    const gap = frame.stepMs ?? 0;
    for (const field of frame.fields) {
      if (field.type === 'time' || hidden(field) || rows.length >= MOST_LINES) continue;
      rows.push({ name: field.display, spans: spansOf(field, time, gap, toMs, merged, dark, zone, left) });
      left -= rows.at(-1)?.spans.length ?? 0;
    }
  }
  return { rows, cut: left <= 0 };
}

function spansOf(
  field: Field,
  time: Field,
  gap: number,
  endMs: number,
  merged: boolean,
  dark: boolean,
  zone: Zone,
  most: number,
): Span[] {
  const out: Span[] = [];
  const times = time.values;
  for (let i = 0; i < times.length && out.length < most; i++) {
    const t = times[i];
    const v = field.values[i] ?? null;
    if (typeof t !== 'number' || v === null || (typeof v === 'number' && Number.isNaN(v))) continue;
    const next = times[i + 1];
    const to =
      typeof next === 'number' && (gap === 0 || next - t <= gap * 1.5) ? next : Math.min(endMs, t + (gap || endMs - t));
    const shown = show(field, v, { dark, zone });
    const last = out.at(-1);
    if (
      merged &&
      last !== undefined &&
      last.to === t &&
      last.shown.text === shown.text &&
      last.shown.color === shown.color
    )
      out[out.length - 1] = { ...last, to };
    else out.push({ from: t, to: Math.max(to, t), shown });
  }
  return out;
}

function Timeline(props: Drawing & { merged: boolean }) {
  const { panel, data, zone, merged, dark } = props;
  const { rows, cut } = useMemo(() => rowsOf(props, merged), [data, dark, zone, merged]);
  const [box, size] = useSize<HTMLDivElement>();
  const span = data.range.toMs - data.range.fromMs;
  const fill = Math.min(1, Math.max(0.2, num(panel.options['rowHeight']) ?? 0.9));
  const values = panel.options['showValue'] !== 'never';
  const axis = [0, 0.25, 0.5, 0.75, 1].map((s) =>
    stamp(data.range.fromMs + span * s, zone).slice(span > 86_400_000 ? 5 : 11, 16),
  );
  return (
    <div class="dstates">
      {cut && (
        <p class="dnote">Only the first {MOST_SPANS.toLocaleString('en')} changes are drawn; shorten the range.</p>
      )}
      <div class="dstaterows">
        {rows.map((r, i) => (
          <div
            class="dstaterow"
            key={i}
            data-testid="series"
            data-name={r.name}
            data-last={r.spans.at(-1)?.shown.text ?? ''}
          >
            <span class="dfigname" title={r.name}>
              {r.name}
            </span>
            <div class="dstateline" ref={i === 0 ? box : undefined}>
              {r.spans.map((s, k) => {
                const width = ((s.to - s.from) / span) * 100;
                const text = `${s.shown.text}: ${stamp(s.from, zone)} – ${stamp(s.to, zone)}`;
                return (
                  <i
                    key={k}
                    title={text}
                    style={{
                      left: `${((s.from - data.range.fromMs) / span) * 100}%`,
                      width: merged ? `${width}%` : `calc(${width}% - 1px)`,
                      background: s.shown.color,
                      color: inkOn(s.shown.color) ?? 'inherit',
                      height: `${fill * 100}%`,
                      top: `${(1 - fill) * 50}%`,
                    }}
                  >
                    {values && (width / 100) * size.width > s.shown.text.length * 7 + 6 ? s.shown.text : ''}
                  </i>
                );
              })}
            </div>
          </div>
        ))}
      </div>
      <div class="dstateaxis dim" aria-hidden="true">
        {axis.map((a, i) => (
          <span key={i}>{a}</span>
        ))}
      </div>
    </div>
  );
}

export function StateTimeline(props: Drawing) {
  return <Timeline {...props} merged={props.panel.options['mergeValues'] !== false} />;
}

export function StatusHistory(props: Drawing) {
  return <Timeline {...props} merged={false} />;
}
