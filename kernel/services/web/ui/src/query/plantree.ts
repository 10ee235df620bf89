/** The plan of a query as `explain` answers it, as rows of a tree. Pure functions. */
export interface PlanNode {
  readonly kind: string;
  readonly expr: string;
  readonly start: number;
  readonly end: number;
  readonly evaluations: number;
  readonly series: number;
  readonly samples: number;
  readonly samplesRead: number;
  readonly timeNanos: number;
  readonly estimatedSeries?: number;
  readonly plan?: Readonly<Record<string, unknown>>;
  readonly children?: readonly PlanNode[];
}

export interface PlanRow {
  readonly node: PlanNode;
  readonly depth: number;
  /** Time of the node without its children. */
  readonly ownNanos: number;
  /** Own time as a part of the whole query's, 0 to 1. */
  readonly share: number;
}

export interface PlanRows {
  readonly rows: readonly PlanRow[];
  /** Nodes that are left out. */
  readonly more: number;
}

const MAX_ROWS = 200;

/** Rows in the order of the tree, the root first. Parentheses have no row of their own. */
export function planRows(root: PlanNode, limit = MAX_ROWS): PlanRows {
  const rows: PlanRow[] = [];
  const total = Math.max(1, root.timeNanos);
  let more = 0;
  const walk = (node: PlanNode, depth: number) => {
    const below = node.children ?? [];
    if (node.kind === 'parenExpr' && below.length === 1) {
      walk(below[0] as PlanNode, depth);
      return;
    }
    if (rows.length < limit) {
      const ownNanos = Math.max(0, node.timeNanos - below.reduce((sum, c) => sum + c.timeNanos, 0));
      rows.push({ node, depth, ownNanos, share: Math.min(1, ownNanos / total) });
    } else more++;
    for (const c of below) walk(c, depth + 1);
  };
  walk(root, 0);
  return { rows, more };
}

/** Whether the estimate of a node was off by more than a factor of four, and by more than a hundred series. */
export function misjudged(node: PlanNode): boolean {
  const e = node.estimatedSeries;
  if (e === undefined) return false;
  const [low, high] = [Math.min(e, node.series), Math.max(e, node.series)];
  return high > 4 * low && high - low > 100;
}
