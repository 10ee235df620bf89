/** One figure from the values of a field. */
type Value = number | string | null;

/** Reducers by the names files use, with the words shown for them. */
export const REDUCERS: Readonly<Record<string, string>> = {
  lastNotNull: 'Last *',
  last: 'Last',
  firstNotNull: 'First *',
  first: 'First',
  min: 'Min',
  max: 'Max',
  mean: 'Mean',
  sum: 'Total',
  count: 'Count',
  range: 'Range',
  delta: 'Delta',
  step: 'Step',
  diff: 'Difference',
  logmin: 'Min (above zero)',
  allIsZero: 'All zeros',
  allIsNull: 'All nulls',
  changeCount: 'Change count',
  distinctCount: 'Distinct count',
  diffperc: 'Difference percent',
  median: 'Median',
  variance: 'Variance',
  stdDev: 'StdDev',
  countAll: 'Count all',
  allValues: 'All values',
  uniqueValues: 'All unique values',
  ...Object.fromEntries(Array.from({ length: 99 }, (_, i) => [`p${i + 1}`, `${i + 1}th %`])),
};

/** Names that older files use. */
const OLDER: Readonly<Record<string, string>> = {
  current: 'lastNotNull',
  avg: 'mean',
  total: 'sum',
  percentile: 'p95',
  diff_percent: 'diffperc',
};

/** The name as used today; `lastNotNull` for one that is not known. */
export function reducerOf(name: string): string {
  const now = Object.hasOwn(OLDER, name) ? (OLDER[name] as string) : name;
  return Object.hasOwn(REDUCERS, now) ? now : 'lastNotNull';
}

function usable(v: Value): v is number {
  return typeof v === 'number' && !Number.isNaN(v);
}

/** The figure of a reducer; values that are absent or not a number are passed over. */
export function reduce(values: readonly Value[], name: string): Value {
  const id = reducerOf(name);
  switch (id) {
    case 'lastNotNull':
      return values.findLast((v) => v !== null && !Number.isNaN(v)) ?? null;
    case 'last':
      return values.at(-1) ?? null;
    case 'firstNotNull':
      return values.find((v) => v !== null && !Number.isNaN(v)) ?? null;
    case 'first':
      return values[0] ?? null;
    case 'count':
      return values.reduce<number>((n, v) => (v === null ? n : n + 1), 0);
    case 'countAll':
      return values.length;
    case 'distinctCount':
      return new Set(values.filter((v) => v !== null)).size;
    case 'changeCount': {
      let changes = 0;
      let before: Value | undefined;
      for (const v of values) {
        if (v === null) continue;
        if (before !== undefined && !Object.is(before, v)) changes++;
        before = v;
      }
      return changes;
    }
    case 'allValues':
      return values.slice(0, 1000).join(', ');
    case 'uniqueValues':
      return [...new Set(values)].slice(0, 1000).join(', ');
    case 'allIsNull':
      return values.every((v) => v === null) ? 1 : 0;
    default:
      return ofNumbers(values.filter(usable), id);
  }
}

function ofNumbers(n: readonly number[], id: string): number | null {
  if (id === 'allIsZero') return n.length > 0 && n.every((v) => v === 0) ? 1 : 0;
  if (n.length === 0) return id === 'sum' || id === 'delta' ? 0 : null;
  const sum = () => n.reduce((a, b) => a + b, 0);
  const least = () => n.reduce((a, b) => Math.min(a, b), Infinity);
  const most = () => n.reduce((a, b) => Math.max(a, b), -Infinity);
  const first = n[0] as number;
  const last = n[n.length - 1] as number;
  switch (id) {
    case 'min':
      return least();
    case 'max':
      return most();
    case 'mean':
      return sum() / n.length;
    case 'sum':
      return sum();
    case 'range':
      return most() - least();
    case 'diff':
      return last - first;
    case 'diffperc':
      return first === 0 ? (last === 0 ? 0 : null) : (last - first) / first;
    case 'delta':
      return delta(n);
    case 'step': {
      let smallest = Infinity;
      for (let i = 1; i < n.length; i++) smallest = Math.min(smallest, (n[i] as number) - (n[i - 1] as number));
      return Number.isFinite(smallest) ? smallest : null;
    }
    case 'logmin': {
      const above = n.filter((v) => v > 0);
      return above.length === 0 ? null : above.reduce((a, b) => Math.min(a, b), Infinity);
    }
    case 'median':
      return quantile(n, 0.5);
    case 'variance':
    case 'stdDev': {
      const mean = sum() / n.length;
      const variance = n.reduce((a, v) => a + (v - mean) ** 2, 0) / n.length;
      return id === 'variance' ? variance : Math.sqrt(variance);
    }
    default:
      return quantile(n, Number(id.slice(1)) / 100);
  }
}

/** Increase of a counter: a fall is a reset. */
function delta(n: readonly number[]): number {
  let sum = 0;
  for (let i = 1; i < n.length; i++) {
    const v = n[i] as number;
    const before = n[i - 1] as number;
    sum += v >= before ? v - before : v;
  }
  return sum;
}

/** The value a share of the values is not above, the nearest rank. */
function quantile(n: readonly number[], share: number): number {
  const sorted = [...n].sort((a, b) => a - b);
  if (share === 0.5 && sorted.length % 2 === 0)
    return ((sorted[sorted.length / 2 - 1] as number) + (sorted[sorted.length / 2] as number)) / 2;
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] as number;
}
