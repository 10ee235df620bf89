import { api, useLoad } from '../lib/api';
import { humanValue, type Unit } from '../lib/format';
import { sparkPath, sparkRange } from '../lib/spark';
import { queryLink } from '../lib/urlstate';
import { line, steps, type RangeSeries } from '../query/graphdata';
import { Skeleton } from '../ui';

const RANGE_S = 3600;
const STEP_S = 60;
const LINES = 8;
const W = 240;
const H = 44;

interface Props {
  readonly title: string;
  readonly query: string;
  readonly unit: Unit;
  /** Upper end of the axis when it is known. */
  readonly top?: number;
  /** Where the metrics come from; said when there are none. */
  readonly job: string;
}

/** The last hour of a query as a small graph that opens it in Explore. */
export function Spark({ title, query, unit, top, job }: Props) {
  const load = useLoad(
    async (signal) => {
      // up to now, so that a server that has just started has something to show
      const end = Math.floor(Date.now() / 1000);
      const start = end - RANGE_S;
      const params = { query, start: String(start), end: String(end), step: String(STEP_S), limit: String(LINES) };
      const a = await api<{ result: RangeSeries[] }>('query_range', params, signal);
      const xs = steps(start, end, STEP_S);
      return { ...a, data: a.data.result.slice(0, LINES).map((s) => line(s, xs, STEP_S)) };
    },
    [query],
  );
  const lines = load.answer?.data;
  const last = lines?.filter((l) => l.last !== null).sort((a, b) => (b.last ?? 0) - (a.last ?? 0))[0];
  const [lo, hi] = sparkRange(lines?.map((l) => l.values) ?? [], top);
  return (
    <div class="spark" data-testid="spark">
      <div class="row">
        <a href={queryLink(query, 'graph')} title={`${query}\nOpen in Explore`}>
          {title}
        </a>
        <span class="grow" />
        {last && (
          <b title={lines && lines.length > 1 ? `highest of ${lines.length}: ${last.labels['instance'] ?? ''}` : ''}>
            {humanValue(last.last as number, unit)}
          </b>
        )}
      </div>
      {!lines && load.loading && <Skeleton />}
      {load.error && (
        <p class="bad wrap" role="alert">
          {load.error.message}{' '}
          <button type="button" class="small" onClick={load.reload}>
            Retry
          </button>
        </p>
      )}
      {lines && last && (
        <svg viewBox={`0 0 ${W} ${H}`} preserveAspectRatio="none" role="img" aria-label={`${title}, last hour`}>
          {lines.map((l) => (
            <path key={l.key} d={sparkPath(l.values, W, H, lo, hi)} />
          ))}
        </svg>
      )}
      {lines && !last && (
        <p class="dim">
          No samples in the last hour: is <code>{job}</code> scraped, and twice by now?
        </p>
      )}
      <p class="dim mono query" title={query}>
        {query}
      </p>
    </div>
  );
}
