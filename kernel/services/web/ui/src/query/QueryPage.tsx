import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { api, ApiError, type Answer } from '../lib/api';
import { humanSeconds, parseDuration, plural, promDuration } from '../lib/format';
import { navigate, place } from '../lib/router';
import { refreshTick, useStore } from '../lib/store';
import {
  COMPARES,
  formatTime,
  NEW_PANEL,
  parseTime,
  readPanels,
  stepOf,
  stepRange,
  writePanels,
  type Density,
  type PanelState,
} from '../lib/urlstate';
import { copyText, Empty, ErrorBox, Icon, Segments, Skeleton, State } from '../ui';
import { Editor } from './Editor';
import { Explain } from './Explain';
import { Graph, type Exemplar, type GraphAnswer } from './Graph';
import { noteRun } from './history';
import { HistoryList } from './HistoryList';
import { Metrics } from './Metrics';
import { Plan, type PlanTime } from './Plan';
import { ResultTable, type InstantResult } from './ResultTable';
import { RuleDialog } from './RuleDialog';
import { WhyEmpty } from './WhyEmpty';
import type { RangeSeries } from './graphdata';
import type { Labels } from '../lib/format';

interface Keyed {
  readonly id: number;
  readonly state: PanelState;
}

let nextId = 1;
const keyed = (state: PanelState): Keyed => ({ id: nextId++, state });

function fromAddress(): Keyed[] {
  const panels = readPanels(location.search);
  return (panels.length > 0 ? panels : [NEW_PANEL]).map(keyed);
}

/** The query page: panels of one expression each, as table or graph. */
export function QueryPage() {
  const at = useStore(place);
  const [panels, setPanels] = useState<Keyed[]>(fromAddress);
  const written = useRef(at.search);

  // Back, forward and links to this page bring other panels.
  useEffect(() => {
    if (at.search === written.current) return;
    written.current = at.search;
    setPanels(fromAddress());
  }, [at.search]);

  const keep = (next: Keyed[], replace: boolean) => {
    setPanels(next);
    const search = writePanels(next.map((p) => p.state));
    if (search === written.current) return;
    written.current = search;
    if (replace) navigate(`query${search}`, true);
    else {
      const y = scrollY;
      navigate(`query${search}`);
      scrollTo(0, y);
    }
  };
  const change = (id: number, state: PanelState, replace = false) =>
    keep(
      panels.map((p) => (p.id === id ? { id, state } : p)),
      replace,
    );
  const remove = (id: number) =>
    keep(panels.length > 1 ? panels.filter((p) => p.id !== id) : [keyed(NEW_PANEL)], false);
  const duplicate = (id: number) =>
    keep(
      panels.flatMap((p) => (p.id === id ? [p, keyed(p.state)] : [p])),
      false,
    );

  return (
    <>
      {panels.map((p, i) => (
        <Panel
          key={p.id}
          index={i}
          state={p.state}
          only={panels.length === 1}
          onChange={(s, replace) => change(p.id, s, replace)}
          onRemove={() => remove(p.id)}
          onDuplicate={() => duplicate(p.id)}
        />
      ))}
      <button
        type="button"
        data-testid="add-panel"
        onClick={() =>
          keep(
            [
              ...panels,
              keyed({
                ...NEW_PANEL,
                tab: panels.at(-1)?.state.tab ?? 'table',
                rangeMs: panels.at(-1)?.state.rangeMs ?? NEW_PANEL.rangeMs,
              }),
            ],
            false,
          )
        }
      >
        <Icon name="plus" /> Add query
      </button>
    </>
  );
}

interface Stats {
  samples?: { totalQueryableSamples?: number; peakSamples?: number };
  timings?: Record<string, number>;
}

type Shown =
  | {
      readonly tab: 'table';
      readonly answer: Answer<InstantResult & { stats?: Stats }>;
      readonly expr: string;
      readonly timeMs: number;
    }
  | {
      readonly tab: 'graph';
      readonly answer: Answer<{ result: RangeSeries[]; stats?: Stats }>;
      readonly graph: GraphAnswer;
    };

interface PanelProps {
  readonly index: number;
  readonly state: PanelState;
  readonly only: boolean;
  readonly onChange: (state: PanelState, replace?: boolean) => void;
  readonly onRemove: () => void;
  readonly onDuplicate: () => void;
}

function Panel({ index, state, only, onChange, onRemove, onDuplicate }: PanelProps) {
  const [draft, setDraft] = useState(state.expr);
  const [shown, setShown] = useState<Shown | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [loading, setLoading] = useState(false);
  const [runs, setRuns] = useState(0);
  const tick = useStore(refreshTick);
  const { tab } = state;

  useEffect(() => setDraft(state.expr), [state.expr]);

  useEffect(() => {
    if (state.expr.trim() === '' || tab === 'explain') {
      setShown(null);
      setError(null);
      return undefined;
    }
    const abort = new AbortController();
    let retry: ReturnType<typeof setTimeout> | undefined;
    setLoading(true);
    ask(state, tab, abort.signal).then(
      (s) => {
        setShown(s);
        setError(null);
        setLoading(false);
      },
      (e: unknown) => {
        if (abort.signal.aborted) return;
        setError(e instanceof ApiError ? e : new ApiError('unknown', String(e), '', 0));
        setShown(null);
        setLoading(false);
        if (e instanceof ApiError && e.kind === 'not_ready') retry = setTimeout(() => setRuns((n) => n + 1), 3000);
      },
    );
    return () => {
      abort.abort();
      clearTimeout(retry);
    };
  }, [
    state.expr,
    tab,
    state.endMs,
    state.rangeMs,
    JSON.stringify(state.resolution),
    state.showExemplars,
    state.compare,
    runs,
    tick,
  ]);

  const run = (text: string) => {
    const expr = text.trim();
    if (expr !== '') void noteRun(expr);
    if (expr === state.expr) setRuns(runs + 1);
    else onChange({ ...state, expr });
  };
  const format = async () => {
    try {
      const a = await api<string>('format_query', { query: draft });
      setDraft(a.data);
    } catch (e) {
      if (e instanceof ApiError) setError(e);
    }
  };
  const visible = shown?.tab === tab ? shown : null;
  const correct = (expr: string) => {
    setDraft(expr);
    run(expr);
  };
  return (
    <section class="card panel" data-testid="panel" aria-label={`Query ${index + 1}`}>
      <div class="ask">
        <Editor
          value={draft}
          onChange={setDraft}
          onRun={run}
          focus={index === 0 && state.expr === ''}
          first={index === 0}
        />
        <button type="button" class="primary" data-testid="run" onClick={() => run(draft)}>
          Run
        </button>
      </div>
      <div class="bar">
        <Segments
          label="Tab"
          value={tab}
          onChange={(t) => onChange({ ...state, expr: draft.trim(), tab: t })}
          choices={[
            { id: 'table', label: 'Table' },
            { id: 'graph', label: 'Graph' },
            { id: 'explain', label: 'Explain' },
          ]}
        />
        {tab === 'graph' ? (
          <GraphControls state={state} onChange={onChange} />
        ) : (
          <TimeField label="Evaluation time" state={state} onChange={onChange} stepMs={state.rangeMs} />
        )}
        <span class="grow" />
        {tab !== 'explain' && (
          <button
            type="button"
            class="small quiet"
            aria-pressed={state.showTree}
            title="Show the plan of the query beside its result"
            data-testid="show-plan"
            onClick={() => onChange({ ...state, showTree: !state.showTree }, true)}
          >
            Plan
          </button>
        )}
        <Menu
          onFormat={() => void format()}
          onDuplicate={onDuplicate}
          onRemove={onRemove}
          only={only}
          expr={draft}
          state={state}
          onHistory={(q) => {
            setDraft(q);
            run(q);
          }}
          onMetric={(name) => setDraft(draft.trim() === '' ? name : `${draft.trimEnd()} ${name}`)}
        />
      </div>
      {error && <Caret expr={state.expr} message={error.message} />}
      {error && <ErrorBox error={error} retry={() => setRuns(runs + 1)} />}
      {visible && (
        <>
          {visible.answer.warnings.map((w) => (
            <p class="note warn" key={w} data-testid="warning">
              <State tone="warn">Warning</State> {w}
            </p>
          ))}
          {visible.answer.infos.map((w) => (
            <p class="note info" key={w} data-testid="info">
              <State tone="info">Note</State> {w}
            </p>
          ))}
          <div class={`${loading ? 'stale' : ''} ${state.showTree ? 'beside' : ''}`}>
            <div class="result">
              {visible.tab === 'table' ? (
                <ResultTable
                  data={visible.answer.data}
                  expr={visible.expr}
                  summary={<Summary shown={visible} loading={loading} />}
                  why={
                    <WhyEmpty expr={visible.expr} startMs={visible.timeMs} endMs={visible.timeMs} onCorrect={correct} />
                  }
                />
              ) : (
                <>
                  <Summary shown={visible} loading={loading} />
                  <Graph
                    answer={visible.graph}
                    panel={state}
                    why={
                      <WhyEmpty
                        expr={visible.graph.expr}
                        startMs={visible.graph.startS * 1000}
                        endMs={visible.graph.endS * 1000}
                        onCorrect={correct}
                      />
                    }
                    onZoom={(from, to) =>
                      onChange({
                        ...state,
                        endMs: Math.round(to / 1000) * 1000,
                        rangeMs: Math.max(1000, Math.round((to - from) / 1000) * 1000),
                      })
                    }
                  />
                </>
              )}
            </div>
            {state.showTree && (
              <Plan
                expr={visible.tab === 'table' ? visible.expr : visible.graph.expr}
                at={planTime(visible)}
                onOpen={(expr) => onChange({ ...state, expr })}
              />
            )}
          </div>
        </>
      )}
      {tab === 'explain' && state.expr !== '' && (
        <PlanNow
          key={`plan ${runs}`}
          expr={state.expr}
          timeMs={state.endMs}
          onOpen={(expr) => onChange({ ...state, expr, tab: 'table' })}
        />
      )}
      {tab === 'explain' && state.expr !== '' && (
        <Explain
          key={runs}
          expr={state.expr}
          timeMs={state.endMs}
          onOpen={(expr) => onChange({ ...state, expr, tab: 'table' })}
        />
      )}
      {!visible && loading && <Skeleton />}
      {!visible && !loading && !error && (tab !== 'explain' || state.expr === '') && (
        <Empty title="No query yet">Write an expression and press Enter.</Empty>
      )}
    </section>
  );
}

/** What the result is about, as the plan needs it. */
function planTime(shown: Shown): PlanTime {
  if (shown.tab === 'table') return { startMs: shown.timeMs, endMs: shown.timeMs, stepMs: 0 };
  const { startS, endS, stepS } = shown.graph;
  return { startMs: startS * 1000, endMs: endS * 1000, stepMs: stepS * 1000 };
}

/** The plan at one time, that of opening it where none is set. */
function PlanNow({ expr, timeMs, onOpen }: { expr: string; timeMs: number | null; onOpen: (expr: string) => void }) {
  const at = useMemo(() => timeMs ?? Date.now(), [expr, timeMs]);
  return <Plan expr={expr} at={{ startMs: at, endMs: at, stepMs: 0 }} onOpen={onOpen} />;
}

/** Marks the position in the expression that a parse error names. */
function Caret({ expr, message }: { expr: string; message: string }) {
  const m = /(?:^|: )(\d+):(\d+): parse error/.exec(message);
  const text = m && expr.split('\n')[Number(m[1]) - 1];
  if (!m || text === undefined || text === null) return null;
  return (
    <div class="note bad joined">
      <pre class="caret" aria-hidden="true">
        {text}
        {'\n'}
        {' '.repeat(Math.max(0, Number(m[2]) - 1))}▲
      </pre>
    </div>
  );
}

async function ask(state: PanelState, tab: 'table' | 'graph', signal: AbortSignal): Promise<Shown> {
  const end = state.endMs ?? Date.now();
  if (tab === 'table') {
    const answer = await api<InstantResult & { stats?: Stats }>(
      'query',
      { query: state.expr, time: seconds(end), stats: 'true' },
      signal,
    );
    return { tab, answer, expr: state.expr, timeMs: Math.round(end) };
  }
  const start = end - state.rangeMs;
  const step = stepOf(state.resolution, state.rangeMs);
  const range = { query: state.expr, start: seconds(start), end: seconds(end) };
  const agoMs = state.compare === '' ? 0 : (parseDuration(state.compare) ?? 0);
  const [answer, exemplars, earlier] = await Promise.all([
    api<{ result: RangeSeries[]; stats?: Stats }>(
      'query_range',
      { ...range, step: seconds(step), stats: 'true' },
      signal,
    ),
    state.showExemplars
      ? api<{ seriesLabels: Labels; exemplars: Exemplar[] }[]>('query_exemplars', range, signal).then(
          (a) => a.data,
          () => [],
        )
      : [],
    agoMs > 0
      ? api<{ result: RangeSeries[] }>(
          'query_range',
          { query: state.expr, start: seconds(start - agoMs), end: seconds(end - agoMs), step: seconds(step) },
          signal,
        )
      : null,
  ]);
  return {
    tab,
    answer,
    graph: {
      result: answer.data.result,
      exemplars,
      startS: Number(seconds(start)),
      endS: Number(seconds(end)),
      stepS: Number(seconds(step)),
      expr: state.expr,
      earlier: earlier && { result: earlier.data.result, agoS: agoMs / 1000, word: state.compare },
    },
  };
}

function seconds(ms: number): string {
  return String(Math.round(ms) / 1000);
}

function Summary({ shown, loading }: { shown: Shown; loading: boolean }) {
  const d = shown.answer.data;
  const scalar = 'resultType' in d && (d.resultType === 'scalar' || d.resultType === 'string');
  const n = scalar ? 1 : d.result.length;
  const s = d.stats;
  const evaluated = s?.timings?.['execTotalTime'];
  const details = [
    evaluated !== undefined && `evaluated in ${humanSeconds(evaluated)}`,
    s?.samples?.totalQueryableSamples !== undefined && plural(s.samples.totalQueryableSamples, 'sample'),
    s?.samples?.peakSamples !== undefined && `${s.samples.peakSamples.toLocaleString('en')} at once`,
  ].filter((x) => x !== false);
  return (
    <p class="summary dim" data-testid="summary">
      <span data-testid="result-count">{scalar ? 'One value' : plural(n, 'series', 'series')}</span> in{' '}
      <span data-testid="query-time">{humanSeconds(shown.answer.tookMs / 1000)}</span>
      {details.length > 0 && <span class="wideonly"> · {details.join(' · ')}</span>}
      {loading && ' · running'}
    </p>
  );
}

function TimeField({
  label,
  state,
  onChange,
  stepMs,
}: {
  label: string;
  state: PanelState;
  onChange: PanelProps['onChange'];
  stepMs: number;
}) {
  const text = state.endMs === null ? '' : formatTime(state.endMs);
  const [draft, setDraft] = useState(text);
  useEffect(() => setDraft(text), [text]);
  const bad = draft.trim() !== '' && parseTime(draft) === null;
  const take = () => {
    if (draft.trim() === '') onChange({ ...state, endMs: null });
    else {
      const ms = parseTime(draft);
      if (ms !== null) onChange({ ...state, endMs: ms });
    }
  };
  const move = (by: number) =>
    onChange({ ...state, endMs: Math.round(((state.endMs ?? Date.now()) + by) / 1000) * 1000 });
  return (
    <span class="stepper">
      <button type="button" aria-label={`${label} earlier`} onClick={() => move(-stepMs / 2)}>
        <Icon name="left" />
      </button>
      <input
        class="time"
        aria-label={`${label}, UTC`}
        title={`${label} in UTC; empty is now`}
        placeholder={`${label}: now`}
        aria-invalid={bad}
        value={draft}
        data-testid="end-input"
        onInput={(e) => setDraft(e.currentTarget.value)}
        onBlur={take}
        onKeyDown={(e) => e.key === 'Enter' && take()}
      />
      {state.endMs !== null && (
        <button
          type="button"
          aria-label={`${label} now`}
          title="Back to now"
          onClick={() => onChange({ ...state, endMs: null })}
        >
          <Icon name="close" />
        </button>
      )}
      <button type="button" aria-label={`${label} later`} onClick={() => move(stepMs / 2)}>
        <Icon name="right" />
      </button>
    </span>
  );
}

function GraphControls({ state, onChange }: { state: PanelState; onChange: PanelProps['onChange'] }) {
  const text = promDuration(state.rangeMs);
  const [draft, setDraft] = useState(text);
  useEffect(() => setDraft(text), [text]);
  const parsed = parseDuration(draft);
  const take = () => (parsed !== null && parsed > 0 ? onChange({ ...state, rangeMs: parsed }) : setDraft(text));
  const r = state.resolution;
  const res = r.type === 'auto' ? r.density : 'fixed';
  const setRes = (v: string) =>
    onChange({
      ...state,
      resolution:
        v === 'fixed'
          ? { type: 'custom', stepMs: Math.max(1000, Math.round(stepOf(r, state.rangeMs) / 1000) * 1000) }
          : { type: 'auto', density: v as Density },
    });
  return (
    <>
      <span class="stepper">
        <button
          type="button"
          aria-label="Shorter range"
          onClick={() => onChange({ ...state, rangeMs: stepRange(state.rangeMs, false) })}
        >
          <Icon name="minus" />
        </button>
        <input
          class="range"
          aria-label="Range"
          title="Range: 15m, 1h, 2d"
          value={draft}
          aria-invalid={parsed === null}
          data-testid="range-input"
          onInput={(e) => setDraft(e.currentTarget.value)}
          onBlur={take}
          onKeyDown={(e) => e.key === 'Enter' && take()}
        />
        <button
          type="button"
          aria-label="Longer range"
          onClick={() => onChange({ ...state, rangeMs: stepRange(state.rangeMs, true) })}
        >
          <Icon name="plus" />
        </button>
      </span>
      <TimeField label="End time" state={state} onChange={onChange} stepMs={state.rangeMs} />
      <select
        aria-label="Resolution"
        title="Resolution"
        value={res}
        data-testid="resolution"
        onChange={(e) => setRes(e.currentTarget.value)}
      >
        <option value="low">Low res.</option>
        <option value="medium">Medium res.</option>
        <option value="high">High res.</option>
        <option value="fixed">Step</option>
      </select>
      {r.type !== 'auto' && <StepField state={state} stepMs={r.stepMs} onChange={onChange} />}
      <Segments
        label="Display"
        value={state.display}
        onChange={(v) => onChange({ ...state, display: v }, true)}
        choices={[
          { id: 'lines', label: 'Lines' },
          { id: 'stacked', label: 'Stacked' },
          { id: 'heatmap', label: 'Heatmap' },
        ]}
      />
      <span class="toggles">
        <button
          type="button"
          aria-pressed={state.yAxisMin === 0}
          title="Begin the axis at zero"
          onClick={() => onChange({ ...state, yAxisMin: state.yAxisMin === 0 ? null : 0 }, true)}
        >
          From 0
        </button>
        <button
          type="button"
          aria-pressed={state.showExemplars}
          title="Show exemplars"
          onClick={() => onChange({ ...state, showExemplars: !state.showExemplars }, true)}
        >
          ◇ Exemplars
        </button>
      </span>
      <select
        aria-label="Compare with"
        title="Draw the same query at an earlier time as dashed lines"
        value={state.compare}
        data-testid="compare"
        onChange={(e) => onChange({ ...state, compare: COMPARES.find((c) => c === e.currentTarget.value) ?? '' }, true)}
      >
        {COMPARES.map((c) => (
          <option key={c} value={c}>
            {c === '' ? 'No comparison' : `${c} earlier`}
          </option>
        ))}
      </select>
    </>
  );
}

function StepField({
  state,
  stepMs,
  onChange,
}: {
  state: PanelState;
  stepMs: number;
  onChange: PanelProps['onChange'];
}) {
  const [draft, setDraft] = useState(promDuration(stepMs));
  useEffect(() => setDraft(promDuration(stepMs)), [stepMs]);
  const ms = parseDuration(draft);
  const take = () =>
    ms !== null && ms > 0 && ms !== stepMs && onChange({ ...state, resolution: { type: 'custom', stepMs: ms } });
  return (
    <input
      class="range"
      aria-label="Step"
      title="Step between points"
      value={draft}
      aria-invalid={ms === null || ms <= 0}
      onInput={(e) => setDraft(e.currentTarget.value)}
      onBlur={take}
      onKeyDown={(e) => e.key === 'Enter' && take()}
    />
  );
}

interface MenuProps {
  readonly onFormat: () => void;
  readonly onDuplicate: () => void;
  readonly onRemove: () => void;
  readonly onHistory: (q: string) => void;
  readonly onMetric: (name: string) => void;
  readonly only: boolean;
  readonly expr: string;
  readonly state: PanelState;
}

function Menu({ onFormat, onDuplicate, onRemove, onHistory, onMetric, only, expr, state }: MenuProps) {
  const [metrics, setMetrics] = useState(false);
  const [drafting, setDrafting] = useState(false);
  const [open, setOpen] = useState<'' | 'history' | 'more'>('');
  const act = (what: () => void) => () => {
    setOpen('');
    what();
  };
  // A link for others shows what is seen now, so "now" becomes a time.
  const link = () =>
    new URL(`query${writePanels([{ ...state, expr, endMs: state.endMs ?? Date.now() }])}`, document.baseURI).href;
  return (
    <span class="row">
      <button type="button" class="small quiet" data-testid="metrics" onClick={() => setMetrics(true)}>
        Metrics
      </button>
      {metrics && (
        <Metrics
          onClose={() => setMetrics(false)}
          onPick={(name) => {
            setMetrics(false);
            onMetric(name);
          }}
        />
      )}
      <button type="button" class="small quiet" data-testid="format" onClick={onFormat}>
        Format
      </button>
      <Popup word="History" open={open === 'history'} onOpen={(on) => setOpen(on ? 'history' : '')}>
        <HistoryList
          onPick={(q) => {
            setOpen('');
            onHistory(q);
          }}
        />
      </Popup>
      <Popup word="More" open={open === 'more'} onOpen={(on) => setOpen(on ? 'more' : '')} narrow>
        <li>
          <button type="button" onClick={act(() => void copyText(expr))}>
            Copy expression
          </button>
        </li>
        <li>
          <button type="button" onClick={act(() => void copyText(link()))}>
            Copy link to this moment
          </button>
        </li>
        <li>
          <button
            type="button"
            data-testid="draft-rule"
            disabled={expr.trim() === ''}
            onClick={act(() => setDrafting(true))}
          >
            Draft an alert rule
          </button>
        </li>
        <li>
          <button type="button" data-testid="duplicate-panel" onClick={act(onDuplicate)}>
            Duplicate
          </button>
        </li>
      </Popup>
      {drafting && <RuleDialog expr={expr.trim()} onClose={() => setDrafting(false)} />}
      {!only && (
        <button type="button" class="small quiet" data-testid="remove-panel" onClick={onRemove}>
          Remove
        </button>
      )}
    </span>
  );
}

interface PopupProps {
  readonly word: string;
  readonly open: boolean;
  readonly onOpen: (on: boolean) => void;
  readonly narrow?: boolean;
  readonly children: ComponentChildren;
}

/** A list below its button; closes with Esc and with a press anywhere else. */
function Popup({ word, open, onOpen, narrow, children }: PopupProps) {
  const host = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    const away = (e: PointerEvent) => {
      if (e.target instanceof Element && !host.current?.contains(e.target)) onOpen(false);
    };
    document.addEventListener('pointerdown', away);
    return () => document.removeEventListener('pointerdown', away);
  }, [open]);
  return (
    <span class="menu" ref={host} onKeyDown={(e) => e.key === 'Escape' && onOpen(false)}>
      <button
        type="button"
        class="small quiet"
        aria-expanded={open}
        data-testid={word.toLowerCase()}
        onClick={() => onOpen(!open)}
      >
        {word}
        <Icon name="down" />
      </button>
      {open && <ul class={`popup ${narrow ? 'narrow' : ''}`}>{children}</ul>}
    </span>
  );
}
