/** Queries that were run, as a list. Pure functions. */
export interface Kept {
  readonly query: string;
  readonly lastMs: number;
  readonly count: number;
  readonly starred: boolean;
}

/** Entries from the browser's storage, where older versions wrote plain texts. */
export function readKept(stored: unknown): Kept[] {
  return (Array.isArray(stored) ? (stored as unknown[]) : []).flatMap((e): Kept[] => {
    if (typeof e === 'string') return [{ query: e, lastMs: 0, count: 1, starred: false }];
    if (typeof e !== 'object' || e === null) return [];
    const k = e as Partial<Kept>;
    if (typeof k.query !== 'string' || k.query === '') return [];
    return [
      { query: k.query, lastMs: Number(k.lastMs) || 0, count: Number(k.count) || 1, starred: k.starred === true },
    ];
  });
}

/** The entries after a query was run; the oldest without a star leave first. */
export function ran(all: readonly Kept[], query: string, nowMs: number, limit = 100): Kept[] {
  const was = all.find((k) => k.query === query);
  const next = [
    { query, lastMs: nowMs, count: (was?.count ?? 0) + 1, starred: was?.starred ?? false },
    ...all.filter((k) => k.query !== query),
  ];
  while (next.length > limit) {
    const oldest = next.findLastIndex((k, i) => i > 0 && !k.starred);
    next.splice(oldest > 0 ? oldest : next.length - 1, 1);
  }
  return next;
}

/** Starred ones first, then the newest. */
export function inOrder(all: readonly Kept[]): Kept[] {
  return [...all].sort((a, b) => Number(b.starred) - Number(a.starred) || b.lastMs - a.lastMs);
}
