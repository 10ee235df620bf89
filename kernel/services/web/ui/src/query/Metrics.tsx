import { useMemo, useState } from 'preact/hooks';
import { useApi } from '../lib/api';
import { humanNumber, plural, quote } from '../lib/format';
import { refuses } from '../lib/own';
import { useSearch, type Found, type FoundMetric } from '../lib/search';
import { Dialog, ErrorBox, matches, Segments, Skeleton, useMore } from '../ui';
import { Cardinality, type Into } from './Cardinality';

type Metadata = Record<string, { type: string; help: string; unit: string }[]>;

/** Metrics, labels and values: search in all of them, or see what has the most series; a click inserts one. */
export function Metrics({ onClose, onPick }: { onClose: () => void; onPick: (expr: string) => void }) {
  const [view, setView] = useState<'search' | 'cardinality'>('search');
  const [text, setText] = useState('');
  const [into, setInto] = useState<Into>({});
  const look = (next: Into) => {
    setInto(next);
    setView('cardinality');
  };
  return (
    <Dialog title="Metrics" onClose={onClose} wide>
      <div class="row">
        <Segments
          label="View"
          value={view}
          onChange={setView}
          choices={[
            { id: 'search', label: 'Search' },
            { id: 'cardinality', label: 'Cardinality' },
          ]}
        />
      </div>
      {view === 'search' ? (
        <>
          <input
            type="search"
            class="palette"
            autofocus
            placeholder="Words in names, helps, labels and values"
            aria-label="Search metrics"
            data-testid="metrics-search"
            value={text}
            onInput={(e) => setText(e.currentTarget.value)}
          />
          <Results text={text} onPick={onPick} onInto={look} />
        </>
      ) : (
        <Cardinality into={into} onInto={setInto} onPick={onPick} />
      )}
    </Dialog>
  );
}

interface Handlers {
  readonly onPick: (expr: string) => void;
  readonly onInto: (into: Into) => void;
}

function Results({ text, ...handlers }: { text: string } & Handlers) {
  const { found, error } = useSearch(text, 50);
  if (text.trim() === '' || (error && refuses(error))) return <AllMetrics text={text} {...handlers} />;
  if (error) return <ErrorBox error={error} />;
  if (!found) return <Skeleton />;
  return <FoundList found={found} {...handlers} />;
}

function FoundList({ found, onPick, onInto }: { found: Found } & Handlers) {
  const nothing = found.metrics.length + found.labels.length + found.values.length === 0;
  return (
    <div class="tablewrap">
      <MetricTable metrics={found.metrics} onPick={onPick} onInto={onInto} />
      {found.labels.length > 0 && (
        <table>
          <thead>
            <tr>
              <th>Label</th>
              <th class="num">Values</th>
            </tr>
          </thead>
          <tbody>
            {found.labels.map((l) => (
              <tr key={l.name} data-testid="found-label">
                <td>
                  <button type="button" class="part mono wrap" onClick={() => onInto({ label: l.name })}>
                    {l.name}
                  </button>
                </td>
                <td class="num">{l.values.toLocaleString('en')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {found.values.length > 0 && (
        <table>
          <thead>
            <tr>
              <th>Value</th>
              <th class="num">Series</th>
            </tr>
          </thead>
          <tbody>
            {found.values.map((v) => (
              <tr key={`${v.label} ${v.value}`} data-testid="found-value">
                <td>
                  <button
                    type="button"
                    class="part mono wrap"
                    onClick={() => onPick(`{${labelName(v.label)}=${quote(v.value)}}`)}
                  >
                    {v.label}={quote(v.value)}
                  </button>
                </td>
                <td class="num">{v.series.toLocaleString('en')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {nothing && <p class="more">No metric, label or value has these words.</p>}
      {found.truncated && <p class="more">There is more: add a word.</p>}
    </div>
  );
}

const labelName = (name: string): string => (/^[a-zA-Z_]\w*$/.test(name) ? name : quote(name));

/** Without words, and from servers that do not search: all names, filtered here. */
function AllMetrics({ text, onPick, onInto }: { text: string } & Handlers) {
  const names = useApi<string[]>('label/__name__/values');
  const meta = useApi<Metadata>('metadata', { limit_per_metric: '1' });
  const found = useMemo(() => {
    const about = meta.answer?.data ?? {};
    return (names.answer?.data ?? [])
      .map((name): FoundMetric => ({
        name,
        ...(about[name] ?? about[name.replace(/_(?:bucket|count|sum|total)$/, '')])?.[0],
      }))
      .filter((m) => text.trim() === '' || matches(text.trim(), `${m.name} ${m.type ?? ''} ${m.help ?? ''}`));
  }, [names.answer, meta.answer, text]);
  const [n, more] = useMore(found.length, 100);
  return (
    <>
      {names.error && <ErrorBox error={names.error} retry={names.reload} />}
      {!names.answer && names.loading && <Skeleton />}
      <div class="tablewrap">
        <MetricTable metrics={found.slice(0, n)} onPick={onPick} onInto={onInto} />
        {names.answer && found.length === 0 && <p class="more">No metric has these words in its name or help.</p>}
      </div>
      {more}
    </>
  );
}

function MetricTable({ metrics, onPick, onInto }: { metrics: readonly FoundMetric[] } & Handlers) {
  return (
    <table>
      <tbody>
        {metrics.map((m) => (
          <tr key={m.name} data-testid="metric">
            <td class="mono wrap">
              <button type="button" class="part mono wrap" onClick={() => onPick(m.name)}>
                {m.name}
              </button>
              <div class="dim plain">{m.help}</div>
            </td>
            <td class="dim">
              {m.type}
              {m.unit && `, ${m.unit}`}
            </td>
            <td class="num dim" title={m.series === undefined ? '' : plural(m.series, 'series', 'series')}>
              {m.series !== undefined && humanNumber(m.series)}
            </td>
            <td>
              <button
                type="button"
                class="small quiet"
                title="Its labels and how many values they have"
                onClick={() => onInto({ metric: m.name })}
              >
                Labels
              </button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
