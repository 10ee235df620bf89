/** Single figures: stat, gauge and bar gauge. */
import { useMemo } from 'preact/hooks';
import { hrefOf, option, useSize, word, type Drawing } from '../board';
import { figures, share, show, thresholdSteps, type Figure } from '../fields';
import type { Shown } from '../model';

/** Figures drawn at most. */
const MOST = 200;

interface Item {
  readonly figure: Figure;
  readonly shown: Shown;
  readonly href: string | null;
}

function useItems({ panel, data, board, dark, zone }: Drawing): Item[] {
  return useMemo(
    () =>
      figures(panel, data.frames)
        .slice(0, MOST)
        .map((figure) => {
          const link = figure.field.config.links?.[0];
          const index = figure.row ?? Math.max(0, figure.field.values.length - 1);
          return {
            figure,
            shown: show(figure.field, figure.value, { dark, zone }),
            href:
              link === undefined
                ? null
                : hrefOf(link, { ...board.scope, data: { frame: figure.frame, field: figure.field, index } }),
          };
        }),
    [panel, data, dark, zone],
  );
}

/** Columns of a grid of equal cells that come nearest to a shape. */
function columnsFor(n: number, width: number, height: number, shape: number): number {
  let best = 1;
  let least = Infinity;
  for (let c = 1; c <= n; c++) {
    const rows = Math.ceil(n / c);
    const far = Math.abs(Math.log(width / c / (height / rows) / shape)) + (c * rows - n) * 0.05;
    if (far < least) {
      least = far;
      best = c;
    }
  }
  return best;
}

function gridFor(panel: Drawing['panel'], n: number, width: number, height: number, shape: number): number {
  const orientation = word(panel.options['orientation'], 'auto');
  if (orientation === 'horizontal') return 1;
  if (orientation === 'vertical') return n;
  return columnsFor(n, Math.max(1, width), Math.max(1, height), shape);
}

const mark = ({ figure, shown }: Item) => ({
  'data-testid': 'figure',
  'data-name': figure.name,
  'data-value': figure.value === null ? '' : String(figure.value),
  title: `${figure.name}: ${shown.text} (${figure.value === null ? 'no value' : String(figure.value)})`,
});

function Number_({ shown, size }: { shown: Shown; size: number }) {
  return (
    <span class="dfigure" style={{ fontSize: `${size}px`, lineHeight: 1.1 }}>
      {shown.prefix !== '' && <small>{shown.prefix}</small>}
      {shown.number}
      {shown.suffix !== '' && <small>{shown.suffix}</small>}
    </span>
  );
}

/** Figures large, with the course behind them. */
export function Stat(props: Drawing) {
  const { panel, dark } = props;
  const items = useItems(props);
  const [ref, size] = useSize<HTMLDivElement>();
  const cols = gridFor(panel, items.length, size.width, size.height, 2.4);
  const rows = Math.ceil(items.length / cols);
  const w = size.width / cols - 8;
  const h = size.height / rows - 4;
  const mode = word(panel.options['colorMode'], 'value');
  const text = word(panel.options['textMode'], 'auto');
  const graph = word(panel.options['graphMode'], 'area') !== 'none';
  const left = word(panel.options['justifyMode'], 'auto') === 'auto' && items.length > 1;
  const named = text === 'value_and_name' || text === 'name' || (text === 'auto' && items.length > 1);
  const longest = items.reduce((n, i) => Math.max(n, `${i.shown.prefix}${i.shown.number}${i.shown.suffix}`.length), 1);
  const given = option(panel, 'text');
  const fit = Math.max(12, Math.min(64, (h - (named ? 22 : 4)) * 0.62, (w - 14) / (longest * 0.66)));
  const value = typeof given['valueSize'] === 'number' ? Math.min(200, Math.max(8, given['valueSize'])) : fit;
  const name = typeof given['titleSize'] === 'number' ? Math.min(60, Math.max(8, given['titleSize'])) : 13;
  return (
    <div class="dfigures" ref={ref} style={{ gridTemplateColumns: `repeat(${cols}, minmax(0, 1fr))` }}>
      {size.width > 0 &&
        items.map((item, i) => {
          const { shown, figure, href } = item;
          const filled = mode.startsWith('background');
          const content = (
            <>
              {graph && figure.row === null && (
                <Course figure={figure} color={filled ? (inkOn(shown.color) ?? 'currentColor') : shown.color} />
              )}
              {named && (
                <span class="dfigname" style={{ fontSize: `${name}px` }}>
                  {figure.name}
                </span>
              )}
              {text !== 'none' && text !== 'name' && <Number_ shown={shown} size={value} />}
            </>
          );
          const style = filled
            ? { background: shown.color, color: inkOn(shown.color) ?? 'inherit' }
            : { color: mode === 'none' ? 'inherit' : readable(shown.color, dark) };
          return (
            <div class={`dstat ${left ? 'left' : ''}`} key={i} style={style} {...mark(item)}>
              {href === null ? content : <a href={href}>{content}</a>}
            </div>
          );
        })}
    </div>
  );
}

/** A colour for text on a ground of that colour: black or white; null when the colour cannot be told. */
export function inkOn(color: string): string | null {
  const l = lightness(color);
  return l === null ? null : l > 0.3 ? '#0f1114' : '#ffffff';
}

function lightness(color: string): number | null {
  const m = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/i.exec(
    /^#[0-9a-f]{3}$/i.test(color) ? `#${[...color.slice(1)].map((c) => c + c).join('')}` : color,
  );
  const rgb = m
    ? [m[1], m[2], m[3]].map((x) => parseInt(x as string, 16))
    : /^rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)/.exec(color)?.slice(1, 4).map(Number);
  if (!rgb || rgb.length < 3) return null;
  const [r, g, b] = rgb.map((v) => {
    const s = v / 255;
    return s <= 0.03928 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** The colour, moved towards the ink of the theme until it can be read. */
export function readable(color: string, dark: boolean): string {
  const l = lightness(color);
  if (l === null) return color;
  if (dark) return l < 0.2 ? `color-mix(in srgb, ${color} 60%, #ffffff)` : color;
  return l > 0.5
    ? `color-mix(in srgb, ${color} 45%, #000000)`
    : l > 0.18
      ? `color-mix(in srgb, ${color} 62%, #000000)`
      : color;
}

/** The course of a figure as a line without axes. */
function Course({ figure, color }: { figure: Figure; color: string }) {
  const path = useMemo(() => {
    const time = figure.frame.fields.find((f) => f.type === 'time');
    if (time === undefined) return null;
    const points: [number, number][] = [];
    figure.field.values.forEach((v, i) => {
      const t = time.values[i];
      if (typeof v === 'number' && Number.isFinite(v) && typeof t === 'number') points.push([t, v]);
    });
    if (points.length < 2) return null;
    const every = Math.max(1, Math.ceil(points.length / 300));
    const some = points.filter((_, i) => i % every === 0 || i === points.length - 1);
    const [t0, t1] = [(some[0] as [number, number])[0], (some.at(-1) as [number, number])[0]];
    const values = some.map((p) => p[1]);
    const lo = figure.field.config.min ?? Math.min(...values);
    const hi = figure.field.config.max ?? Math.max(...values);
    const span = hi > lo ? hi - lo : 1;
    const line = some
      .map(([t, v], i) => {
        const y = hi > lo ? 100 - Math.max(0, Math.min(1, (v - lo) / span)) * 96 - 2 : 50;
        return `${i === 0 ? 'M' : 'L'}${(((t - t0) / Math.max(1, t1 - t0)) * 100).toFixed(2)} ${y.toFixed(2)}`;
      })
      .join('');
    return { line, area: `${line}L100 100L0 100Z` };
  }, [figure.field, figure.frame]);
  if (path === null) return null;
  return (
    <svg class="dcourse" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
      <path d={path.area} fill={color} fill-opacity="0.12" stroke="none" />
      <path d={path.line} fill="none" stroke={color} stroke-opacity="0.7" vector-effect="non-scaling-stroke" />
    </svg>
  );
}

const SWEEP = 240;

function polar(deg: number, r: number): string {
  const a = ((deg - 90 - SWEEP / 2) * Math.PI) / 180;
  return `${(50 + r * Math.cos(a)).toFixed(3)} ${(50 + r * Math.sin(a)).toFixed(3)}`;
}

function arc(from: number, to: number, r: number): string {
  const [a, b] = [from * SWEEP, Math.max(from * SWEEP + 0.01, to * SWEEP)];
  return `M${polar(a, r)}A${r} ${r} 0 ${b - a > 180 ? 1 : 0} 1 ${polar(b, r)}`;
}

/** Figures as arcs with their thresholds. */
export function Gauge(props: Drawing) {
  const { panel, dark } = props;
  const items = useItems(props);
  const [ref, size] = useSize<HTMLDivElement>();
  const cols = gridFor(panel, items.length, size.width, size.height, 1.2);
  const rows = Math.ceil(items.length / cols);
  const named = items.length > 1 || word(option(panel, 'text')['titleSize']) !== '';
  const markers = panel.options['showThresholdMarkers'] !== false;
  const h = size.height / rows - (named ? 20 : 0) - 4;
  const side = Math.max(40, Math.min(size.width / cols - 8, h * 1.25));
  return (
    <div class="dfigures" ref={ref} style={{ gridTemplateColumns: `repeat(${cols}, minmax(0, 1fr))` }}>
      {size.width > 0 &&
        items.map((item, i) => {
          const { figure, shown, href } = item;
          const v = typeof figure.value === 'number' ? share(figure.field, figure.value) : 0;
          const steps = thresholdSteps(figure.field, dark);
          const content = (
            <>
              <svg
                viewBox="0 0 100 80"
                style={{ width: `${side}px`, height: `${side * 0.8}px` }}
                role="meter"
                aria-label={figure.name}
                aria-valuetext={shown.text}
                aria-valuenow={typeof figure.value === 'number' && Number.isFinite(figure.value) ? figure.value : 0}
              >
                <path class="dtrack" d={arc(0, 1, 37)} stroke-width="12" fill="none" />
                {v > 0 && <path d={arc(0, v, 37)} stroke={shown.color} stroke-width="12" fill="none" />}
                {markers &&
                  steps.map((s, k) => {
                    const from = s.value === -Infinity ? 0 : share(figure.field, s.value);
                    const next = steps[k + 1];
                    const to = next === undefined ? 1 : share(figure.field, next.value);
                    return to > from ? (
                      <path key={k} d={arc(from, to, 46)} stroke={s.color} stroke-width="3" fill="none" />
                    ) : null;
                  })}
                <text
                  x="50"
                  y="56"
                  text-anchor="middle"
                  font-size={Math.min(15, 84 / Math.max(4, shown.text.length))}
                  font-weight="650"
                  fill={readable(shown.color, dark)}
                >
                  {shown.text}
                </text>
              </svg>
              {named && <span class="dfigname">{figure.name}</span>}
            </>
          );
          return (
            <div class="dgauge" key={i} {...mark(item)}>
              {href === null ? content : <a href={href}>{content}</a>}
            </div>
          );
        })}
    </div>
  );
}

const CELLS = 30;

/** Figures as bars, one below or beside the other. */
export function BarGauge(props: Drawing) {
  const { panel, dark } = props;
  const items = useItems(props);
  const [ref, size] = useSize<HTMLDivElement>();
  const orientation = word(panel.options['orientation'], 'auto');
  const across = orientation === 'horizontal' || (orientation === 'auto' && size.height > size.width);
  const mode = word(panel.options['displayMode'], 'gradient');
  const show_ = panel.options['showUnfilled'] !== false;
  const valued = word(panel.options['valueMode'], 'color') !== 'hidden';
  const longest = items.reduce((n, i) => Math.max(n, i.shown.text.length), 1);
  const tall = items.length > 0 ? size.height / items.length : 0;
  const font = across
    ? Math.max(11, Math.min(22, tall * 0.4))
    : Math.max(11, Math.min(22, size.width / items.length / (longest * 0.65)));
  return (
    <div class={`dbars ${across ? 'across' : 'up'}`} ref={ref} tabIndex={0} role="group" aria-label="Bars">
      {size.width > 0 &&
        items.map((item, i) => {
          const { figure, shown, href } = item;
          const v =
            typeof figure.value === 'number' && Number.isFinite(figure.value) ? share(figure.field, figure.value) : 0;
          const side = across ? 'width' : 'height';
          const color = mode === 'gradient' ? gradient(figure, v, shown.color, dark, across) : shown.color;
          const bar = (
            <span
              class={`dbar ${show_ ? 'track' : ''}`}
              role="meter"
              aria-label={figure.name}
              aria-valuetext={shown.text}
              aria-valuenow={typeof figure.value === 'number' && Number.isFinite(figure.value) ? figure.value : 0}
            >
              {mode === 'lcd' ? (
                Array.from({ length: CELLS }, (_, k) => (
                  <i
                    key={k}
                    class="dcell"
                    style={{
                      background: cellColor(figure, k / (CELLS - 1), dark),
                      opacity: k / CELLS < v ? 1 : 0.18,
                    }}
                  />
                ))
              ) : (
                <i style={{ [side]: `${v * 100}%`, background: color }} />
              )}
            </span>
          );
          const content = (
            <>
              <span class="dfigname">{figure.name}</span>
              {bar}
              {valued && (
                <b
                  style={{
                    fontSize: `${font}px`,
                    color: readable(shown.color, dark),
                    ...(across ? { minWidth: `${longest * 0.62}em` } : {}),
                  }}
                >
                  {shown.text}
                </b>
              )}
            </>
          );
          return href === null ? (
            <div class="dbarrow" key={i} {...mark(item)}>
              {content}
            </div>
          ) : (
            <a class="dbarrow" key={i} href={href} {...mark(item)}>
              {content}
            </a>
          );
        })}
    </div>
  );
}

function cellColor(figure: Figure, at: number, dark: boolean): string {
  const min = figure.field.config.min ?? figure.field.scale?.min ?? 0;
  const max = figure.field.config.max ?? figure.field.scale?.max ?? 100;
  return show(figure.field, min + (max - min) * at, { dark }).color;
}

function gradient(figure: Figure, v: number, color: string, dark: boolean, across: boolean): string {
  if (figure.field.config.color?.mode === 'fixed' || v <= 0) return color;
  const stops = Array.from({ length: 6 }, (_, k) => cellColor(figure, (v * k) / 5, dark));
  return `linear-gradient(${across ? 'to right' : 'to top'}, ${stops.join(', ')})`;
}
