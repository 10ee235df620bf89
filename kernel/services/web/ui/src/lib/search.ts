/** Full-text search of metrics, labels and values. */
import { useEffect, useState } from 'preact/hooks';
import type { ApiError } from './api';
import { asError, list, own } from './own';

export interface FoundMetric {
  readonly name: string;
  readonly type?: string;
  readonly unit?: string;
  readonly help?: string;
  readonly series?: number;
}

export interface Found {
  readonly metrics: readonly FoundMetric[];
  readonly labels: readonly { readonly name: string; readonly values: number }[];
  readonly values: readonly { readonly label: string; readonly value: string; readonly series: number }[];
  readonly truncated: boolean;
}

export interface Search {
  /** The words it is about. */
  readonly text: string;
  readonly found: Found | null;
  readonly error: ApiError | null;
}

const NONE: Search = { text: '', found: null, error: null };
const PAUSE_MS = 200;

/** What the server finds for the words, after a pause in typing; the last result stays until the next. */
export function useSearch(text: string, limit: number): Search {
  const [search, setSearch] = useState(NONE);
  const q = text.trim();
  useEffect(() => {
    if (q === '') {
      setSearch(NONE);
      return undefined;
    }
    const abort = new AbortController();
    const timer = setTimeout(() => {
      own<Partial<Found>>('search', { q, limit: String(limit) }, abort.signal).then(
        (f) =>
          setSearch({
            text: q,
            found: {
              metrics: list(f.metrics),
              labels: list(f.labels),
              values: list(f.values),
              truncated: f.truncated === true,
            },
            error: null,
          }),
        (e: unknown) => !abort.signal.aborted && setSearch({ text: q, found: null, error: asError(e) }),
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [q, limit]);
  return search;
}
