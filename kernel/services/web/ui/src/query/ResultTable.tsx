import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { guessUnit, humanValue, labelPairs, plural, seriesName, stamp, type Labels } from '../lib/format';
import { useStore, zone } from '../lib/store';
import { Empty, Filter, has, kept, saveCsv, useMore, wordsOf } from '../ui';
import { Rows } from '../rows';
import type { HistogramValue, Point } from './graphdata';

interface VectorItem {
  metric: Labels;
  value?: Point;
  histogram?: [number, HistogramValue];
}

interface MatrixItem {
  metric: Labels;
  values?: Point[];
  histograms?: [number, HistogramValue][];
}

export type InstantResult =
  | { resultType: 'vector'; result: VectorItem[] }
  | { resultType: 'matrix'; result: MatrixItem[] }
  | { resultType: 'scalar' | 'string'; result: Point };

type Sort = { by: 'name' | 'value' | string; down: boolean } | null;

/** The values at one time, as the server sent them, next to the human-readable form. */
export function ResultTable({
  data,
  expr,
  summary,
  why,
}: {
  data: InstantResult;
  expr: string;
  summary: ComponentChildren;
  /** Shown when nothing matches. */
  why?: ComponentChildren;
}) {
  const [filter, setFilter] = useState('');
  const [columns, setColumns] = useState(false);
  const [sort, setSort] = useState<Sort>(null);
  const unit = guessUnit(expr);

  if (data.resultType === 'scalar' || data.resultType === 'string') {
    return (
      <>
        {summary}
        <div class="tablewrap">
          <table data-testid="result-table">
            <tbody>
              <tr data-testid="result-row">
                <td class="dim">{data.resultType}</td>
                <td class="num mono value" data-testid="result-value">
                  {data.result[1]}
                </td>
              </tr>
            </tbody>
          </table>
        </div>
      </>
    );
  }
  const rows = data.result as (VectorItem & MatrixItem)[];
  if (rows.length === 0) {
    return (
      <>
        {summary}
        <Empty title="No series at this time">
          The expression is valid but nothing matches. A metric may be gone for more than five minutes, or a label may
          have another value: press <kbd>Ctrl Space</kbd> in the editor to see those that exist.
        </Empty>
        {why}
      </>
    );
  }
  return (
    <Found
      key={data.resultType}
      rows={rows}
      matrix={data.resultType === 'matrix'}
      {...{ summary, filter, setFilter, columns, setColumns, sort, setSort }}
      human={(v) => (unit === 'none' ? '' : humanValue(v, unit))}
    />
  );
}

const textOf = kept<VectorItem>((r) => seriesName(r.metric));

interface FoundProps {
  readonly rows: readonly (VectorItem & MatrixItem)[];
  readonly matrix: boolean;
  readonly summary: ComponentChildren;
  readonly filter: string;
  readonly setFilter: (v: string) => void;
  readonly columns: boolean;
  readonly setColumns: (v: boolean) => void;
  readonly sort: Sort;
  readonly setSort: (s: Sort) => void;
  readonly human: (v: number) => string;
}

function Found({ rows, matrix, summary, filter, setFilter, columns, setColumns, sort, setSort, human }: FoundProps) {
  const names = useMemo(() => [...new Set(rows.flatMap((r) => Object.keys(r.metric)))].sort(), [rows]);
  const found = useMemo(() => {
    const words = wordsOf(filter);
    const left = words.length === 0 ? [...rows] : rows.filter((r) => has(words, textOf(r)));
    if (sort) {
      const sign = sort.down ? -1 : 1;
      if (sort.by === 'value') left.sort((a, b) => sign * (number(a) - number(b)));
      else {
        const text = (r: VectorItem) => (sort.by === 'name' ? seriesName(r.metric) : (r.metric[sort.by] ?? ''));
        left.sort((a, b) => sign * text(a).localeCompare(text(b), 'en', { numeric: true }));
      }
    }
    return left;
  }, [rows, filter, sort]);
  const [n, more] = useMore(found.length, 200);
  const shown = n < found.length ? found.slice(0, n) : found;
  const head = (by: string, word: string, num = false) => (
    <th
      key={by}
      class={num ? 'num' : ''}
      aria-sort={sort?.by === by ? (sort.down ? 'descending' : 'ascending') : 'none'}
    >
      <button type="button" class="sort" onClick={() => setSort({ by, down: sort?.by === by ? !sort.down : num })}>
        {word}
        {sort?.by === by && (sort.down ? ' ↓' : ' ↑')}
      </button>
    </th>
  );
  const save = () =>
    saveCsv('result.csv', [
      [...names, 'timestamp', 'value'],
      ...found.flatMap((r) =>
        points(r).map(([t, v]) => [...names.map((l) => r.metric[l] ?? ''), new Date(t * 1000).toISOString(), v]),
      ),
    ]);
  return (
    <>
      <div class="toolbar slim">
        {summary}
        <span class="grow" />
        {rows.length > 5 && <Filter value={filter} onChange={setFilter} label="Filter rows" />}
        <button type="button" class="small quiet" aria-pressed={columns} onClick={() => setColumns(!columns)}>
          Labels as columns
        </button>
        <button type="button" class="small quiet" onClick={save}>
          CSV
        </button>
      </div>
      <div class="tablewrap">
        <table data-testid="result-table" aria-rowcount={found.length + 1}>
          <thead>
            <tr>
              {columns ? names.map((l) => head(l, l === '__name__' ? 'metric' : l)) : head('name', 'Series')}
              {head('value', 'Value', true)}
            </tr>
          </thead>
          <Rows
            items={shown}
            columns={columns ? names.length + 1 : 2}
            row={(r, i) => (
              <tr key={seriesName(r.metric)} tabIndex={0} aria-rowindex={i + 2} data-testid="result-row">
                {columns ? (
                  names.map((l) => (
                    <td key={l} class="mono wrap">
                      {r.metric[l]}
                    </td>
                  ))
                ) : (
                  <td class="mono wrap">
                    <Series labels={r.metric} onPick={(m) => setFilter(`${filter} ${m}`.trim())} />
                  </td>
                )}
                <td class="num mono value">{matrix ? <Values item={r} /> : <Value item={r} human={human} />}</td>
              </tr>
            )}
          />
        </table>
      </div>
      {filter !== '' && (
        <p class="dim more">
          {plural(found.length, 'row')} of {rows.length}
        </p>
      )}
      {more}
    </>
  );
}

function points(r: VectorItem & MatrixItem): [number, string][] {
  if (r.value) return [r.value];
  if (r.histogram) return [[r.histogram[0], r.histogram[1].count]];
  return [...(r.values ?? []), ...(r.histograms ?? []).map(([t, h]): [number, string] => [t, h.count])];
}

function number(r: VectorItem & MatrixItem): number {
  const v = Number(points(r).at(-1)?.[1]);
  return Number.isNaN(v) ? -Infinity : v;
}

function Series({ labels, onPick }: { labels: Labels; onPick: (m: string) => void }) {
  const pairs = labelPairs(labels);
  return (
    <span class="series">
      {labels['__name__'] && <b>{labels['__name__']}</b>}
      {(pairs.length > 0 || !labels['__name__']) && '{'}
      {pairs.map(([k, v], i) => (
        <span key={k}>
          {i > 0 && ', '}
          <button
            type="button"
            class="pair"
            title="Filter the rows by this label"
            onClick={() => onPick(`${k}="${v}"`)}
          >
            <span class="label">{k}</span>=<span class="string">"{v}"</span>
          </button>
        </span>
      ))}
      {(pairs.length > 0 || !labels['__name__']) && '}'}
    </span>
  );
}

function Value({ item, human }: { item: VectorItem; human: (v: number) => string }) {
  if (item.histogram) return <Histogram value={item.histogram[1]} />;
  const text = item.value?.[1] ?? '';
  const words = human(Number(text));
  return (
    <>
      {words !== '' && words !== text && <span class="dim human">{words}</span>}{' '}
      <span data-testid="result-value">{text}</span>
    </>
  );
}

function Values({ item }: { item: MatrixItem }) {
  const z = useStore(zone);
  const all = points(item);
  const [n, more] = useMore(all.length, 20);
  return (
    <>
      {all.slice(0, n).map(([t, v]) => (
        <div key={t}>
          {v}{' '}
          <span class="dim">
            @ {stamp(t * 1000, z)}.{String(Math.round(t * 1000) % 1000).padStart(3, '0')}
          </span>
        </div>
      ))}
      {more}
    </>
  );
}

const OPEN = ['(', '[', '(', '['];
const CLOSE = [']', ')', ')', ']'];

/** A native histogram: count, sum and its buckets as bars. */
function Histogram({ value }: { value: HistogramValue }) {
  const buckets = value.buckets ?? [];
  const max = Math.max(...buckets.map((b) => Number(b[3])), 0);
  return (
    <div class="histogram">
      <div>
        count <b>{value.count}</b> sum <b>{value.sum}</b>
      </div>
      {buckets.length > 0 && (
        <div class="bars" role="img" aria-label={`${buckets.length} buckets`}>
          {buckets.map((b) => (
            <i
              key={`${b[1]} ${b[2]}`}
              style={{ height: `${max > 0 ? Math.max(2, (100 * Number(b[3])) / max) : 0}%` }}
              title={`${OPEN[b[0]]}${b[1]}, ${b[2]}${CLOSE[b[0]]}: ${b[3]}`}
            />
          ))}
        </div>
      )}
    </div>
  );
}
