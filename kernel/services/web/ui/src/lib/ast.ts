/** The syntax tree that `api/v1/parse_query` answers: printing, children, words. Pure functions. */
import { promDuration, quote } from './format';

interface Matcher {
  name: string;
  type: string;
  value: string;
}

interface Place {
  offset: number;
  timestamp: number | null;
  startOrEnd: string | null;
}

interface Selector extends Place {
  name: string;
  matchers: Matcher[];
  anchored?: boolean;
  smoothed?: boolean;
}

export interface Matching {
  card: 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';
  labels: string[];
  include: string[];
  on: boolean;
}

export type Node =
  | { type: 'aggregation'; op: string; expr: Node; param: Node | null; grouping: string[]; without: boolean }
  | { type: 'binaryExpr'; op: string; lhs: Node; rhs: Node; matching: Matching | null; bool: boolean }
  | { type: 'call'; func: { name: string; returnType: string }; args: Node[] }
  | (Selector & { type: 'vectorSelector' })
  | (Selector & { type: 'matrixSelector'; range: number })
  | (Place & { type: 'subquery'; expr: Node; range: number; step: number })
  | { type: 'parenExpr'; expr: Node }
  | { type: 'unaryExpr'; op: string; expr: Node }
  | { type: 'numberLiteral'; val: string }
  | { type: 'stringLiteral'; val: string }
  | { type: 'placeholder' };

export function children(n: Node): Node[] {
  switch (n.type) {
    case 'aggregation':
      return n.param === null ? [n.expr] : [n.param, n.expr];
    case 'binaryExpr':
      return [n.lhs, n.rhs];
    case 'call':
      return n.args;
    case 'subquery':
    case 'parenExpr':
    case 'unaryExpr':
      return [n.expr];
    default:
      return [];
  }
}

/** The expression of a node. */
export function print(n: Node): string {
  switch (n.type) {
    case 'aggregation': {
      const by = n.without
        ? ` without (${n.grouping.map(label).join(', ')}) `
        : n.grouping.length > 0
          ? ` by (${n.grouping.map(label).join(', ')}) `
          : '';
      return `${n.op}${by}(${children(n).map(print).join(', ')})`;
    }
    case 'binaryExpr':
      return `${print(n.lhs)} ${n.op}${n.bool ? ' bool' : ''}${matching(n.matching)} ${print(n.rhs)}`;
    case 'call':
      return `${n.func.name}(${n.args.map(print).join(', ')})`;
    case 'vectorSelector':
      return selector(n) + place(n);
    case 'matrixSelector':
      return `${selector(n)}[${promDuration(n.range)}]${place(n)}`;
    case 'subquery':
      return `${print(n.expr)}[${promDuration(n.range)}:${n.step > 0 ? promDuration(n.step) : ''}]${place(n)}`;
    case 'parenExpr':
      return `(${print(n.expr)})`;
    case 'unaryExpr':
      return `${n.op}${print(n.expr)}`;
    case 'numberLiteral':
      return n.val;
    case 'stringLiteral':
      return quote(n.val);
    case 'placeholder':
      return '…';
  }
}

function label(name: string): string {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : quote(name);
}

function selector(s: Selector): string {
  const rest = s.matchers
    .filter((m) => s.name === '' || m.name !== '__name__' || m.type !== '=' || m.value !== s.name)
    .map((m) => `${label(m.name)}${m.type}${quote(m.value)}`);
  if (s.name !== '' && !/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(s.name)) return `{${[quote(s.name), ...rest].join(', ')}}`;
  return rest.length > 0 || s.name === '' ? `${s.name}{${rest.join(', ')}}` : s.name;
}

function place(p: Place & { anchored?: boolean; smoothed?: boolean }): string {
  const kind = p.anchored ? ' anchored' : p.smoothed ? ' smoothed' : '';
  const at =
    p.timestamp !== null ? ` @ ${(p.timestamp / 1000).toFixed(3)}` : p.startOrEnd ? ` @ ${p.startOrEnd}()` : '';
  const offset = p.offset !== 0 ? ` offset ${p.offset < 0 ? '-' : ''}${promDuration(Math.abs(p.offset))}` : '';
  return kind + at + offset;
}

function matching(m: Matching | null): string {
  if (m === null || (m.labels.length === 0 && !m.on)) return '';
  const on = ` ${m.on ? 'on' : 'ignoring'} (${m.labels.map(label).join(', ')})`;
  if (m.card === 'many-to-one') return `${on} group_left (${m.include.map(label).join(', ')})`;
  if (m.card === 'one-to-many') return `${on} group_right (${m.include.map(label).join(', ')})`;
  return on;
}

const OPERATORS: Record<string, string> = {
  '+': 'Adds the right value to the left',
  '-': 'Takes the right value from the left',
  '*': 'Multiplies',
  '/': 'Divides the left value by the right',
  '%': 'Remainder of the left by the right',
  '^': 'Left to the power of right',
  atan2: 'Angle of the point (right, left)',
  '==': 'Keeps left values that equal the right',
  '!=': 'Keeps left values that differ from the right',
  '>': 'Keeps left values above the right',
  '<': 'Keeps left values below the right',
  '>=': 'Keeps left values at or above the right',
  '<=': 'Keeps left values at or below the right',
  and: 'Keeps left series that have a partner on the right',
  or: 'All left series, and right ones that have no partner on the left',
  unless: 'Keeps left series that have no partner on the right',
};

/** What a comparison with `bool` does, made of what it does without. */
function ones(filter: string): string {
  return filter.replace(/^Keeps left values that are|^Keeps left values/, '1 for left values');
}

/** What a node does, in a sentence; functions and aggregations are described by the terms handed in. */
export function words(n: Node, term: (name: string) => string | undefined): string {
  switch (n.type) {
    case 'aggregation': {
      const what = term(n.op) ?? n.op;
      if (n.without) return `${what}; one result for each set of labels other than ${n.grouping.join(', ') || 'none'}`;
      return n.grouping.length > 0
        ? `${what}; one result for each ${n.grouping.join(', ')}`
        : `${what}; all series together`;
    }
    case 'binaryExpr':
      return (n.bool ? `${ones(OPERATORS[n.op] ?? n.op)}, otherwise 0` : (OPERATORS[n.op] ?? n.op)) + pairs(n.matching);
    case 'call':
      return term(n.func.name) ?? 'Function';
    case 'vectorSelector':
      return `Newest sample of each series${moment(n)}`;
    case 'matrixSelector':
      return `Samples of the last ${promDuration(n.range)} of each series${moment(n)}`;
    case 'subquery':
      return (
        `The expression below, every ${n.step > 0 ? promDuration(n.step) : 'evaluation interval'}` +
        ` over the last ${promDuration(n.range)}${moment(n)}`
      );
    case 'unaryExpr':
      return n.op === '-' ? 'Changes the sign' : 'Leaves the value';
    default:
      return '';
  }
}

function pairs(m: Matching | null): string {
  if (m === null) return '';
  const by = m.on
    ? m.labels.length > 0
      ? `equal ${m.labels.join(', ')}`
      : 'no label in common needed'
    : m.labels.length > 0
      ? `equal labels, ${m.labels.join(', ')} aside`
      : 'equal labels';
  const take = m.include.length > 0 ? `, taking ${m.include.join(', ')} along` : '';
  const card =
    m.card === 'many-to-one'
      ? `; many left for one right${take}`
      : m.card === 'one-to-many'
        ? `; one left for many right${take}`
        : '';
  return `, paired by ${by}${card}`;
}

function moment(p: Place): string {
  const at =
    p.timestamp !== null
      ? ` at ${new Date(p.timestamp).toISOString()}`
      : p.startOrEnd
        ? ` at the ${p.startOrEnd} of the range`
        : '';
  return (
    at +
    (p.offset > 0 ? `, ${promDuration(p.offset)} earlier` : p.offset < 0 ? `, ${promDuration(-p.offset)} later` : '')
  );
}
