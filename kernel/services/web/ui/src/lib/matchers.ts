/** Matchers of silences, written as in PromQL and amtool: `{alertname="Down", instance=~"a.*"}`. */
import { quote, type Labels } from './format';

export interface Matcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual: boolean;
}

const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const ONE = /\s*("(?:\\.|[^"\\])*"|[^\s=!~,{}"]+)\s*(=~|!~|!=|=)\s*("(?:\\.|[^"\\])*"|[^\s,{}"]*)\s*(,|$)/y;

/** Reads matchers; the braces may be left out. Otherwise returns the position of the error. */
export function parseMatchers(text: string): Matcher[] | { readonly error: string } {
  const trimmed = text.trim();
  const open = trimmed.startsWith('{');
  if (open !== trimmed.endsWith('}')) return { error: open ? 'the closing } is missing' : 'the opening { is missing' };
  const inner = (open ? trimmed.slice(1, -1) : trimmed).trim().replace(/,$/, '');
  const out: Matcher[] = [];
  ONE.lastIndex = 0;
  while (ONE.lastIndex < inner.length) {
    const from = ONE.lastIndex;
    const m = ONE.exec(inner);
    if (!m) return { error: `name="value" expected at “${inner.slice(from, from + 24)}”` };
    const op = m[2] as string;
    out.push({
      name: unquote(m[1] as string),
      value: unquote(m[3] as string),
      isRegex: op.endsWith('~'),
      isEqual: !op.startsWith('!'),
    });
  }
  return out;
}

function unquote(text: string): string {
  if (!text.startsWith('"')) return text;
  return text.slice(1, -1).replace(/\\(.)/g, (_m, c: string) => (c === 'n' ? '\n' : c));
}

export function formatMatcher(m: Matcher): string {
  const op = m.isEqual ? (m.isRegex ? '=~' : '=') : m.isRegex ? '!~' : '!=';
  return `${LABEL.test(m.name) ? m.name : quote(m.name)}${op}${quote(m.value)}`;
}

export function formatMatchers(all: readonly Matcher[]): string {
  return `{${all.map(formatMatcher).join(', ')}}`;
}

/** Matchers for exactly these labels. */
export function matchersOf(labels: Labels): Matcher[] {
  return Object.entries(labels)
    .sort(([a], [b]) => (a === 'alertname' ? -1 : b === 'alertname' ? 1 : a < b ? -1 : 1))
    .map(([name, value]) => ({ name, value, isRegex: false, isEqual: true }));
}

/** Whether the labels satisfy every matcher; a regular expression that the browser cannot read matches nothing. */
export function satisfies(labels: Labels, all: readonly Matcher[]): boolean {
  return all.every((m) => {
    const value = labels[m.name] ?? '';
    if (!m.isRegex) return (value === m.value) === m.isEqual;
    try {
      return new RegExp(`^(?:${m.value})$`, 's').test(value) === m.isEqual;
    } catch {
      return false;
    }
  });
}
