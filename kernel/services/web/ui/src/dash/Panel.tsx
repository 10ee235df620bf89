/** A panel: frame, menu, and its data, asked while it is in view. */
import type { Zone } from '../lib/format';
import type { ComponentChildren, ComponentType } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { dark as darkStore, useStore } from '../lib/store';
import { NEW_PANEL, writePanels } from '../lib/urlstate';
import { Icon, Skeleton } from '../ui';
import { dependencies, hrefOf, later, memo, type Board, type Drawing } from './board';
import { Inspect } from './Inspect';
import { interpolate } from './interpolate';
import type { Asked, Frame, Panel, PanelData, PanelKind } from './model';
import { AlertList } from './panels/Alerts';
import { BarChart, Histogram, PieChart } from './panels/Charts';
import { BarGauge, Gauge, Stat } from './panels/Figures';
import { HeatPanel } from './panels/Heat';
import { StateTimeline, StatusHistory } from './panels/States';
import { TablePanel } from './panels/Table';
import { Text } from './panels/Text';
import { Timeseries, lineCount } from './panels/Timeseries';
import { Popover } from './Popover';
import { figures } from './fields';

const VIEWS: Readonly<Partial<Record<PanelKind, ComponentType<Drawing>>>> = {
  timeseries: Timeseries,
  stat: Stat,
  gauge: Gauge,
  bargauge: BarGauge,
  table: TablePanel,
  heatmap: HeatPanel,
  'state-timeline': StateTimeline,
  'status-history': StatusHistory,
  barchart: BarChart,
  piechart: PieChart,
  histogram: Histogram,
};

interface Props {
  readonly panel: Panel;
  readonly board: Board;
  /** Changes when the panel has to ask again. */
  readonly need: string;
  /** Counts refreshes. */
  readonly tick: number;
  readonly alone: boolean;
  readonly place: Record<string, string>;
}

export const PanelBox = memo<Props>(
  PanelView,
  (a, b) =>
    a.panel === b.panel &&
    a.board === b.board &&
    a.need === b.need &&
    a.alone === b.alone &&
    JSON.stringify(a.place) === JSON.stringify(b.place),
);

/** What a panel needs to be asked for; see {@link dependencies}. */
export function needOf(panel: Panel, board: Board, tick: number): string {
  return dependencies(panel, board.scope, tick);
}

type State = 'waiting' | 'loading' | 'done' | 'empty' | 'error';

function PanelView({ panel, board, need, tick, alone, place }: Props) {
  const box = useRef<HTMLElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const dark = useStore(darkStore);
  const zone = board.scope.zone ?? 'local';
  const everything = useStore(board.everything);
  const [near, setNear] = useState(false);
  const [data, setData] = useState<PanelData | null>(null);
  const [loading, setLoading] = useState(false);
  const [inspect, setInspect] = useState(false);
  const asked = useRef('');
  const seen = near || everything || alone;

  useLayoutEffect(() => {
    const el = box.current;
    if (!el) return undefined;
    const watch = new IntersectionObserver((entries) => setNear(entries.at(-1)?.isIntersecting ?? false), {
      rootMargin: '200px 0px',
    });
    watch.observe(el);
    return () => watch.disconnect();
  }, []);

  const wants = panel.kind !== 'text' && panel.kind !== 'alertlist' && panel.targets.length > 0;
  useLayoutEffect(() => {
    if (!seen || !wants || asked.current === need) return undefined;
    const abort = new AbortController();
    let over = false;
    setLoading(true);
    board.busy.set(board.busy.get() + 1);
    const end = () => {
      if (over) return;
      over = true;
      board.busy.set(board.busy.get() - 1);
    };
    const width = Math.max(100, Math.round(body.current?.clientWidth ?? 600));
    board.runner.run(panel, board.scope, width, abort.signal).then(
      (answer) =>
        later(() => {
          if (abort.signal.aborted) return end();
          asked.current = need;
          setData(answer);
          setLoading(false);
          return end();
        }),
      (e: unknown) => {
        if (!abort.signal.aborted) {
          asked.current = need;
          const message = e instanceof Error ? e.message : String(e);
          const { range } = board.scope;
          setData({ state: 'error', frames: [], asked: [], problems: [message], warnings: [], range });
          setLoading(false);
        }
        end();
      },
    );
    return () => {
      abort.abort();
      end();
      setLoading(false);
    };
  }, [seen, need, panel, board, wants]);

  const title = interpolate(
    panel.title,
    { ...board.scope, scoped: { ...board.scope.scoped, ...panel.scoped } },
    'text',
  );
  const count = useMemo(() => (data === null ? 0 : drawn(panel, data.frames)), [panel, data]);
  const state: State = !wants
    ? 'done'
    : data === null
      ? loading
        ? 'loading'
        : 'waiting'
      : data.state === 'error'
        ? 'error'
        : loading
          ? 'loading'
          : count === 0
            ? 'empty'
            : 'done';
  const problems = [
    ...new Set([
      ...panel.problems,
      ...panel.targets.filter((t) => t.problem !== '').map((t) => `query ${t.refId}: ${t.problem}`),
      ...(data?.state === 'error' ? [] : (data?.problems ?? [])),
      ...(data?.warnings ?? []),
    ]),
  ];
  return (
    <section
      ref={box}
      class={`dpanel ${panel.transparent ? 'clear' : ''} ${alone ? 'alone' : ''}`}
      style={place}
      aria-label={title === '' ? `Panel ${panel.id}` : title}
      data-testid="panel"
      data-panel={String(panel.id)}
      data-state={state}
      data-asked={JSON.stringify(data?.asked ?? [])}
      data-series={String(count)}
    >
      <header class={title === '' ? 'bare' : ''}>
        <h3 title={title}>{title}</h3>
        {panel.description !== '' && (
          <Popover label="Description" text={<Icon name="help" />} class="dinfo">
            {() => <Text.Body text={interpolate(panel.description, board.scope, 'text')} />}
          </Popover>
        )}
        {problems.length > 0 && (
          <Popover
            label={`${problems.length} problems`}
            text={<span aria-hidden="true">◆ {problems.length}</span>}
            class="dwarn"
          >
            {() => (
              <ul class="dproblems" data-testid="problems">
                {problems.map((p) => (
                  <li key={p}>{p}</li>
                ))}
              </ul>
            )}
          </Popover>
        )}
        {loading && data !== null && <i class="dload" role="status" aria-label="Loading" />}
        <span class="grow" />
        <Menu panel={panel} board={board} alone={alone} data={data} title={title} onInspect={() => setInspect(true)} />
      </header>
      <div class="dbody" ref={body}>
        <Content
          panel={panel}
          board={board}
          data={data}
          dark={dark}
          zone={zone}
          state={state}
          seen={seen}
          tick={tick}
          count={count}
        />
      </div>
      {inspect && data !== null && (
        <Inspect title={title} panel={panel} data={data} dark={dark} zone={zone} onClose={() => setInspect(false)} />
      )}
    </section>
  );
}

/** Lines, figures or rows there are to draw. */
function drawn(panel: Panel, frames: readonly Frame[]): number {
  switch (panel.kind) {
    case 'timeseries':
      return lineCount(frames);
    case 'stat':
    case 'gauge':
    case 'bargauge':
      return figures(panel, frames).length;
    case 'table':
    case 'unknown':
      return frames.reduce((n, f) => n + f.length, 0);
    default:
      return frames.reduce((n, f) => n + f.fields.filter((x) => x.type !== 'time' && x.values.length > 0).length, 0);
  }
}

interface ContentProps {
  readonly panel: Panel;
  readonly board: Board;
  readonly data: PanelData | null;
  readonly dark: boolean;
  readonly zone: Zone;
  readonly state: State;
  readonly seen: boolean;
  readonly tick: number;
  readonly count: number;
}

/** The picture; while the state changes and the data does not, it stays. */
const Content = memo<ContentProps>(
  ({ panel, board, data, dark, zone, state, seen, tick, count }: ContentProps) => {
    if (panel.kind === 'text') return <Text panel={panel} board={board} />;
    if (panel.kind === 'alertlist') return seen ? <AlertList panel={panel} tick={tick} /> : null;
    if (panel.targets.length === 0) return <Note>The panel has no query.</Note>;
    if (data === null) return state === 'loading' ? <Skeleton /> : null;
    if (data.state === 'error')
      return (
        <div class="dnote bad" role="alert">
          {data.problems.slice(0, 5).map((p) => (
            <p key={p} class="wrap">
              {p}
            </p>
          ))}
          {data.problems.length === 0 && <p>The data could not be read.</p>}
        </div>
      );
    const View = VIEWS[panel.kind];
    if (count === 0) return <Nothing panel={panel} data={data} />;
    const given = { panel, data, board, dark, zone };
    if (View) return <View {...given} />;
    return (
      <>
        <p class="dnote">
          Panels of the kind <b>{panel.type || 'without a name'}</b> are not drawn here; this is their data.
        </p>
        <TablePanel {...given} />
      </>
    );
  },
  (a, b) =>
    a.panel === b.panel &&
    a.data === b.data &&
    a.dark === b.dark &&
    a.zone === b.zone &&
    a.count === b.count &&
    (a.data !== null || a.state === b.state) &&
    (a.panel.kind !== 'alertlist' || (a.tick === b.tick && a.seen === b.seen)) &&
    (a.panel.kind !== 'text' || a.tick === b.tick),
);

function Note({ children }: { children: ComponentChildren }) {
  return <div class="dnote mid">{children}</div>;
}

/** Why there is nothing to draw. */
function Nothing({ panel, data }: { panel: Panel; data: PanelData }) {
  const silent = data.asked.filter((a) => a.series === 0);
  return (
    <div class="dnote mid" data-testid="nothing">
      <b>{panel.defaults.noValue ?? 'No data'}</b>
      {data.asked.length === 0 && panel.targets.every((t) => t.hidden) && <p>All its queries are switched off.</p>}
      {data.asked.length === 0 && panel.targets.some((t) => t.problem !== '') && (
        <p>{panel.targets.find((t) => t.problem !== '')?.problem}</p>
      )}
      {silent.length > 0 && (
        <p class="wrap">
          Nothing matches{' '}
          {silent.slice(0, 2).map((a, i) => (
            <span key={i}>
              {i > 0 && ', '}
              <code title={a.expr}>
                {a.refId}: {a.expr.replace(/\s+/g, ' ').slice(0, 90)}
                {a.expr.length > 90 && '…'}
              </code>
            </span>
          ))}
          {silent.length > 2 && ` and ${silent.length - 2} more`} in this time.
        </p>
      )}
      {data.asked.length > 0 && silent.length === 0 && <p>What was answered has nothing that this panel draws.</p>}
    </div>
  );
}

/** Address of the query page with the queries as they were asked. */
export function exploreLink(asked: readonly Asked[], range: { fromMs: number; toMs: number }): string {
  const live = Date.now() - range.toMs < 120_000;
  const once = asked.filter((a, i) => asked.findIndex((b) => b.refId === a.refId && b.expr === a.expr) === i);
  return `query${writePanels(
    once.slice(0, 20).map((a) => ({
      ...NEW_PANEL,
      expr: a.expr,
      tab: a.instant ? 'table' : 'graph',
      rangeMs: range.toMs - range.fromMs,
      endMs: live ? null : range.toMs,
    })),
  )}`;
}

function Menu({
  panel,
  board,
  alone,
  data,
  title,
  onInspect,
}: {
  panel: Panel;
  board: Board;
  alone: boolean;
  data: PanelData | null;
  title: string;
  onInspect: () => void;
}) {
  return (
    <Popover
      label={`Menu of ${title || `panel ${panel.id}`}`}
      text={<span aria-hidden="true">⋮</span>}
      class="dmenu"
      right
    >
      {(close) => (
        <ul>
          <li>
            <button
              type="button"
              onClick={() => {
                close();
                board.view(alone ? null : panel.id);
              }}
            >
              {alone ? 'Show all panels' : 'View alone'}
            </button>
          </li>
          {data !== null && data.asked.length > 0 && (
            <li>
              <a class="item" href={exploreLink(data.asked, data.range)}>
                Open in Explore
              </a>
            </li>
          )}
          {data !== null && (
            <li>
              <button
                type="button"
                onClick={() => {
                  close();
                  onInspect();
                }}
              >
                Inspect
              </button>
            </li>
          )}
          {panel.links.map((l, i) => {
            const scope = { ...board.scope, scoped: { ...board.scope.scoped, ...panel.scoped } };
            const href = hrefOf(l, scope);
            return (
              <li key={i}>
                {href === null ? (
                  <span class="item dim" title="The address of this link may not be followed">
                    {l.title || 'Link'}
                  </span>
                ) : (
                  <a class="item" href={href} {...(l.newTab ? { target: '_blank', rel: 'noopener noreferrer' } : {})}>
                    <Icon name="right" /> {interpolate(l.title, scope, 'text') || href}
                  </a>
                )}
              </li>
            );
          })}
        </ul>
      )}
    </Popover>
  );
}
