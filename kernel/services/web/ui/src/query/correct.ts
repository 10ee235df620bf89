/** Corrections of an expression: another metric, another value in a matcher. Pure functions. */
import { quote } from '../lib/format';

const STRING = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`/;
const NAME = /[a-zA-Z_:][\w:]*/;
const MATCHER = new RegExp(`(${NAME.source}|${STRING.source})(\\s*)(=~|!~|!=|=)(\\s*)(${STRING.source})`);
const PLAIN = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** The text of a PromQL string, without its quotes and escapes. */
export function unquote(text: string): string {
  if (text.startsWith('`')) return text.slice(1, -1);
  return text.slice(1, -1).replace(/\\(.)/g, (_m, c: string) => (c === 'n' ? '\n' : c === 't' ? '\t' : c));
}

const bare = (name: string): string => (/^["'`]/.test(name) ? unquote(name) : name);

/** The metric that a selector names, or empty. */
export function metricOf(selector: string): string {
  const plain = new RegExp(`^\\s*(${NAME.source})\\s*(?:[{[]|$)`).exec(selector);
  if (plain) return plain[1] as string;
  const quoted = new RegExp(`^\\s*\\{\\s*(${STRING.source})\\s*[,}]`).exec(selector);
  if (quoted) return unquote(quoted[1] as string);
  const m = new RegExp(`__name__\\s*=\\s*(${STRING.source})`).exec(selector);
  return m ? unquote(m[1] as string) : '';
}

/** The expression with another metric in place of one; names of labels and functions stay. */
export function otherMetric(expr: string, from: string, to: string): string {
  if (from === '') return expr;
  const token = new RegExp(`(${MATCHER.source})|(${STRING.source})|(${NAME.source})(?=(\\s*\\()?)`, 'g');
  return expr.replace(token, (all: string, ...g: (string | undefined)[]) => {
    const [matcher, label, , op, , value, text, name, call] = g;
    if (matcher !== undefined)
      return bare(label as string) === '__name__' && op === '=' && unquote(value as string) === from
        ? `__name__=${quote(to)}`
        : all;
    if (text !== undefined) return unquote(text) === from && isName(expr.slice(0, Number(g[9]))) ? quote(to) : all;
    if (name !== from || call !== undefined) return all;
    return PLAIN.test(to) ? to : `{${quote(to)}}`;
  });
}

/** Whether a string after this text stands alone in braces, where it is the name of a metric. */
function isName(before: string): boolean {
  return /[{,]\s*$/.test(before);
}

/** The expression with `label="to"` in place of a matcher such as `label=~"from"`. */
export function otherValue(expr: string, matcher: string, to: string): string {
  const wanted = new RegExp(`^\\s*(?:${MATCHER.source})\\s*$`).exec(matcher);
  if (!wanted) return expr;
  const [name, op, value] = [bare(wanted[1] as string), wanted[3], unquote(wanted[5] as string)];
  const token = new RegExp(`${MATCHER.source}|${STRING.source}`, 'g');
  return expr.replace(token, (all: string, label?: string, _a?: string, o?: string, _b?: string, v?: string) =>
    label !== undefined && bare(label) === name && o === op && unquote(v as string) === value
      ? `${label}=${quote(to)}`
      : all,
  );
}
