import uPlot from 'uplot';
import { useEffect, useRef, useState } from 'preact/hooks';
import { humanNumber, humanValue, stamp, type Unit, zoneWord } from '../lib/format';
import { useStore, zone } from '../lib/store';
import type { Cell, Heat } from './graphdata';
import type { GraphAnswer } from './Graph';
import { heightFor, timeLabels, zoned } from './plotparts';

interface Props {
  readonly heat: Heat;
  readonly answer: GraphAnswer;
  readonly isDark: boolean;
  readonly unit: Unit;
  readonly onZoom: (startMs: number, endMs: number) => void;
}

interface Tip {
  readonly left: number;
  readonly flip: boolean;
  readonly at: number;
  readonly cell: Cell | null;
}

/** Buckets over time, one row for each pair of bounds; the darker (in dark: the brighter), the more. */
export function Heatmap({ heat, answer, isDark, unit, onZoom }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const zoom = useRef(onZoom);
  zoom.current = onZoom;
  const [tip, setTip] = useState<Tip | null>(null);
  const z = useStore(zone);
  const bound = (i: number) => {
    const e = heat.edges[i];
    return e === undefined
      ? ''
      : Number.isFinite(e)
        ? humanValue(e, unit === 'seconds' || unit === 'bytes' ? unit : 'none')
        : e > 0
          ? '+Inf'
          : '-Inf';
  };

  useEffect(() => {
    const el = host.current;
    if (!el) return undefined;
    const ink = isDark ? '#a0a8b3' : '#56606c';
    const font = `12px ${getComputedStyle(el).getPropertyValue('--sans').trim() || 'sans-serif'}`;
    const times = Array.from(
      { length: Math.floor((answer.endS - answer.startS) / answer.stepS + 1e-9) + 1 },
      (_, i) => answer.startS + i * answer.stepS,
    );
    const rows = heat.edges.length - 1;
    const u = new uPlot(
      {
        width: el.clientWidth,
        height: heightFor(el.clientWidth),
        legend: { show: false },
        padding: [8, 8, 0, 0],
        tzDate: (s) => zoned(s, z),
        cursor: {
          sync: { key: 'narthex', setSeries: false, scales: ['x', null] },
          drag: { x: true, y: false, setScale: false },
          points: { show: false },
        },
        scales: {
          x: { time: true, range: [answer.startS - answer.stepS / 2, answer.endS + answer.stepS / 2] },
          y: { range: [0, Math.max(1, rows)] },
        },
        axes: [
          {
            stroke: ink,
            grid: { show: false },
            ticks: { show: false },
            font,
            space: 80,
            size: (_u, values) => (values?.some((v) => v?.includes('\n')) ? 44 : 30),
            values: timeLabels,
          },
          {
            stroke: ink,
            grid: { show: false },
            ticks: { show: false },
            font,
            size: 72,
            splits: (self) => thinned(rows, self.bbox.height / devicePixelRatio),
            values: (_u, ticks) => ticks.map(bound),
          },
        ],
        series: [{}, { show: true, stroke: 'transparent', points: { show: false } }],
        hooks: {
          setSelect: [
            (self) => {
              const { left, width } = self.select;
              if (width > 4) zoom.current(self.posToVal(left, 'x') * 1000, self.posToVal(left + width, 'x') * 1000);
              self.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
            },
          ],
          setCursor: [
            (self) => {
              const { idx, left, top } = self.cursor;
              if (idx == null || left == null || top == null || left < 0 || top < 0) {
                setTip(null);
                return;
              }
              const y = self.posToVal(top, 'y');
              const cell = heat.cells.find((c) => c.x === idx && c.from <= y && y < c.to) ?? null;
              setTip({
                left: left + self.bbox.left / devicePixelRatio,
                flip: left > self.bbox.width / devicePixelRatio / 2,
                at: times[idx] ?? 0,
                cell,
              });
            },
          ],
          draw: [(self) => drawCells(self, heat, answer, isDark)],
        },
      },
      [times, times.map(() => null)] as unknown as uPlot.AlignedData,
      el,
    );
    const resize = new ResizeObserver(() => {
      if (el.clientWidth > 0) u.setSize({ width: el.clientWidth, height: heightFor(el.clientWidth) });
    });
    resize.observe(el);
    return () => {
      resize.disconnect();
      u.destroy();
      setTip(null);
    };
  }, [heat, answer, isDark, unit, z]);

  return (
    <div class="plot" data-testid="heatmap" role="img" aria-label={`Heatmap of ${heat.edges.length - 1} buckets`}>
      <div ref={host} />
      {tip && (
        <div class={`tip ${tip.flip ? 'flip' : ''}`} style={{ left: `${tip.left}px`, top: '20px' }}>
          <div class="dim">
            {stamp(tip.at * 1000, z)}
            {z !== 'local' && ` ${zoneWord(z)}`}
          </div>
          {tip.cell ? (
            <>
              <div class="mono">
                {bound(tip.cell.from)} … {bound(tip.cell.to)}
              </div>
              <b title={String(tip.cell.count)}>{humanNumber(tip.cell.count)}</b>
            </>
          ) : (
            <div class="dim">empty</div>
          )}
        </div>
      )}
    </div>
  );
}

/** Bounds of rows with enough room for a label. */
function thinned(rows: number, height: number): number[] {
  const every = Math.max(1, Math.ceil((rows + 1) / Math.max(1, Math.floor(height / 22))));
  return Array.from({ length: Math.floor(rows / every) + 1 }, (_, i) => i * every);
}

function drawCells(u: uPlot, heat: Heat, answer: GraphAnswer, isDark: boolean): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const c of heat.cells) {
    const t = answer.startS + c.x * answer.stepS;
    const left = Math.round(u.valToPos(t - answer.stepS / 2, 'x', true));
    const right = Math.round(u.valToPos(t + answer.stepS / 2, 'x', true));
    const top = Math.round(u.valToPos(c.to, 'y', true));
    const bottom = Math.round(u.valToPos(c.from, 'y', true));
    const share = Math.sqrt(c.count / heat.max);
    ctx.fillStyle = isDark
      ? `hsl(212 ${40 + 45 * share}% ${18 + 60 * share}%)`
      : `hsl(212 ${50 + 30 * share}% ${92 - 66 * share}%)`;
    ctx.fillRect(left, top, Math.max(1, right - left), Math.max(1, bottom - top));
  }
  ctx.restore();
}
