import { useEffect, useState } from 'preact/hooks';
import type { ApiError } from '../lib/api';
import { plural } from '../lib/format';
import { Ago, ErrorBox, Filter, matches, Skeleton, useMore } from '../ui';
import { forget, readHistory, star, type History } from './history';
import type { Kept } from './kept';
import { asError } from '../lib/own';

/** The queries of the user, starred ones first; a click runs one. */
export function HistoryList({ onPick }: { onPick: (query: string) => void }) {
  const [history, setHistory] = useState<History | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [text, setText] = useState('');
  const [again, setAgain] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    readHistory(abort.signal).then(
      (h) => {
        setHistory(h);
        setError(null);
      },
      (e: unknown) => !abort.signal.aborted && setError(asError(e)),
    );
    return () => abort.abort();
  }, [again]);
  const change = (what: Promise<void>) =>
    void what.then(
      () => setAgain((n) => n + 1),
      (e: unknown) => setError(asError(e)),
    );
  const found = (history?.queries ?? []).filter((k) => text === '' || matches(text, k.query));
  const [n, more] = useMore(found.length, 50);
  return (
    <>
      {error && <li>{<ErrorBox error={error} retry={() => setAgain(again + 1)} />}</li>}
      {!history && !error && (
        <li>
          <Skeleton />
        </li>
      )}
      {history && history.queries.length > 5 && (
        <li>
          <Filter value={text} onChange={setText} label="Filter queries" />
        </li>
      )}
      {found.slice(0, n).map((k) => (
        <Entry key={k.query} kept={k} onPick={onPick} change={change} />
      ))}
      {more && <li>{more}</li>}
      {history && (
        <li class="dim">
          {history.queries.length === 0 && 'Queries you run are kept here. '}
          {history.queries.length > 0 && found.length === 0 && 'No query has these words. '}
          {history.shared ? 'Kept by the server for your user.' : 'Kept in this browser only.'}
        </li>
      )}
    </>
  );
}

function Entry({
  kept,
  onPick,
  change,
}: {
  kept: Kept;
  onPick: (query: string) => void;
  change: (what: Promise<void>) => void;
}) {
  const name = kept.query.length > 60 ? `${kept.query.slice(0, 60)}…` : kept.query;
  return (
    <li class="kept" data-testid="history-entry">
      <button type="button" class="mono" onClick={() => onPick(kept.query)}>
        {kept.query}
      </button>
      <span class="dim">
        {kept.lastMs > 0 && <Ago at={kept.lastMs} />}
        {kept.count > 1 && ` · ${plural(kept.count, 'run')}`}
      </span>
      <button
        type="button"
        class="act"
        aria-pressed={kept.starred}
        aria-label={`Star ${name}`}
        title={kept.starred ? 'Take the star away' : 'Keep at the top'}
        onClick={() => change(star(kept.query, !kept.starred))}
      >
        {kept.starred ? '★' : '☆'}
      </button>
      <button
        type="button"
        class="act"
        aria-label={`Forget ${name}`}
        title="Forget this query"
        onClick={() => change(forget(kept.query))}
      >
        ×
      </button>
    </li>
  );
}
