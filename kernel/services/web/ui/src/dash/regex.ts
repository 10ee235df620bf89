/** Regular expressions of files, as they write them. */

/** A group that repeats and is repeated, which can take for ever. */
const NESTED = /\((?:[^()\\]|\\.)*(?:[+*]|\{\d+,\d*\})(?:[^()\\]|\\.)*\)(?:[+*]|\{\d+,)/;

/** Longest text a regular expression is tried on. */
export const MOST_TRIED = 10_000;

/** Reads a pattern; throws with what is wrong. */
export function patternOf(source: string, flags = ''): RegExp {
  if (source.length > 5000) throw new Error('regular expression is over 5000 characters; shorten it');
  if (NESTED.test(source))
    throw new Error(`regular expression repeats a repetition, got ${source.slice(0, 100)}; repeat only one of them`);
  try {
    return new RegExp(source, flags);
  } catch (e) {
    throw new Error(
      `regular expression cannot be read, got ${source.slice(0, 100)}; ${e instanceof Error ? e.message : 'correct it'}`,
      { cause: e },
    );
  }
}

/** Reads `/…/i`, or a text without slashes as the whole of what it matches. */
export function writtenPattern(text: string): RegExp {
  const slashed = /^\/(.*)\/([a-z]*)$/s.exec(text);
  return slashed === null
    ? patternOf(`^${text}$`)
    : patternOf(slashed[1] as string, (slashed[2] ?? '').replace(/[^imsu]/g, ''));
}

/** Whether a written pattern is to find all, by its flag `g`. */
export function findsAll(text: string): boolean {
  return /^\/.*\/[a-z]*g[a-z]*$/s.test(text);
}

/** The same without an error; null when it cannot be read. */
export function regexOf(text: string): RegExp | null {
  try {
    return writtenPattern(text);
  } catch {
    return null;
  }
}
