import { useMemo, useState } from 'preact/hooks';
import { useApi } from '../lib/api';
import { plural, quote, seriesName, type Labels } from '../lib/format';
import { Await, Icon, useMore } from '../ui';
import { byLabel } from './cardinality-counts';

interface Stat {
  readonly name: string;
  readonly value: number;
}

interface Stats {
  readonly headStats: { readonly numSeries: number };
  readonly seriesCountByMetricName: readonly Stat[];
  readonly labelValueCountByLabelName: readonly Stat[];
}

/** A metric or a label that is looked into. */
export interface Into {
  readonly metric?: string;
  readonly label?: string;
}

const MAX_SERIES = 2000;
const MAX_VALUES = 50;

/** What has the most series, and which labels and values they have. */
export function Cardinality({
  into,
  onInto,
  onPick,
}: {
  into: Into;
  onInto: (into: Into) => void;
  onPick: (expr: string) => void;
}) {
  if (into.metric === undefined && into.label === undefined) return <Tops onInto={onInto} />;
  return (
    <>
      <p class="row">
        <button type="button" class="small" onClick={() => onInto({})}>
          <Icon name="left" /> All
        </button>
        <b class="mono wrap">{into.metric ?? into.label}</b>
        <button
          type="button"
          class="small quiet"
          onClick={() =>
            onPick(into.metric !== undefined ? seriesName({ __name__: into.metric }) : `{${into.label ?? ''}!=""}`)
          }
        >
          Query
        </button>
      </p>
      {into.metric !== undefined ? (
        <OfMetric metric={into.metric} onPick={onPick} />
      ) : (
        <OfLabel label={into.label ?? ''} onInto={onInto} onPick={onPick} />
      )}
    </>
  );
}

function Tops({ onInto }: { onInto: (into: Into) => void }) {
  const load = useApi<Stats>('status/tsdb', { limit: '50' });
  return (
    <Await load={load}>
      {(d) => (
        <div class="columns">
          <Counts
            title="Series by metric"
            rows={d.seriesCountByMetricName.map((r) => [r.name, r.value] as const)}
            total={d.headStats.numSeries}
            onPick={(metric) => onInto({ metric })}
          />
          <Counts
            title="Values by label"
            rows={d.labelValueCountByLabelName
              .filter((r) => r.name !== '__name__')
              .map((r) => [r.name, r.value] as const)}
            onPick={(label) => onInto({ label })}
          />
        </div>
      )}
    </Await>
  );
}

function OfMetric({ metric, onPick }: { metric: string; onPick: (expr: string) => void }) {
  const load = useApi<Labels[]>('series', {
    'match[]': `{__name__=${quote(metric)}}`,
    limit: String(MAX_SERIES),
  });
  const labels = useMemo(() => byLabel(load.answer?.data ?? []), [load.answer]);
  const [open, setOpen] = useState('');
  return (
    <Await load={load}>
      {(series) => (
        <>
          <p class="dim">
            {plural(series.length, 'series', 'series')}
            {series.length >= MAX_SERIES && ', the first ones; there may be more'}, {plural(labels.length, 'label')}
          </p>
          <ul>
            {labels.map((l) => (
              <li key={l.label} data-testid="label-count">
                <button
                  type="button"
                  class="small quiet"
                  aria-expanded={open === l.label}
                  onClick={() => setOpen(open === l.label ? '' : l.label)}
                >
                  <span class="mono">{l.label}</span> {plural(l.values.length, 'value')}
                </button>
                {open === l.label && (
                  <Counts
                    title={`Series by ${l.label}`}
                    rows={l.values}
                    total={series.length}
                    onPick={(value) => onPick(seriesName({ __name__: metric, [l.label]: value }))}
                  />
                )}
              </li>
            ))}
          </ul>
        </>
      )}
    </Await>
  );
}

interface Counted {
  readonly result: readonly { readonly metric: Labels; readonly value: readonly [number, string] }[];
}

function OfLabel({
  label,
  onInto,
  onPick,
}: {
  label: string;
  onInto: (into: Into) => void;
  onPick: (expr: string) => void;
}) {
  const name = /^[a-zA-Z_]\w*$/.test(label) ? label : quote(label);
  const top = (by: string) => `topk(${MAX_VALUES}, count by (${by}) ({${name}!=""}))`;
  const values = useApi<Counted>('query', { query: top(name) });
  const metrics = useApi<Counted>('query', { query: top('__name__') });
  const rows = (d: Counted, by: string) =>
    d.result.map((r) => [r.metric[by] ?? '', Number(r.value[1])] as const).sort((a, b) => b[1] - a[1]);
  return (
    <div class="columns">
      <Await load={values}>
        {(d) => (
          <Counts
            title="Series by value"
            rows={rows(d, label)}
            onPick={(value) => onPick(`{${name}=${quote(value)}}`)}
          />
        )}
      </Await>
      <Await load={metrics}>
        {(d) => <Counts title="Metrics with it" rows={rows(d, '__name__')} onPick={(metric) => onInto({ metric })} />}
      </Await>
    </div>
  );
}

function Counts({
  title,
  rows,
  total,
  onPick,
}: {
  title: string;
  rows: readonly (readonly [string, number])[];
  total?: number;
  onPick: (name: string) => void;
}) {
  const [n, more] = useMore(rows.length, 50);
  const max = rows.reduce((m, r) => Math.max(m, r[1]), 1);
  return (
    <section class="card" data-testid="counts">
      <header>
        <h2>{title}</h2>
      </header>
      <table>
        <tbody>
          {rows.slice(0, n).map(([name, count]) => (
            <tr key={name}>
              <td class="bar mono wrap">
                <meter min={0} max={max} value={count} aria-hidden="true" />
                <button type="button" class="part mono wrap" onClick={() => onPick(name)}>
                  {name === '' ? '(empty)' : name}
                </button>
              </td>
              <td class="num">{count.toLocaleString('en')}</td>
              {total !== undefined && total > 0 && <td class="num dim">{((100 * count) / total).toFixed(1)} %</td>}
            </tr>
          ))}
          {rows.length === 0 && (
            <tr>
              <td class="dim">Nothing yet.</td>
            </tr>
          )}
        </tbody>
      </table>
      {more}
    </section>
  );
}
