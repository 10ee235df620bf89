/** Calls of the server's own API, and of those without the usual envelope. */
import { ApiError, errorOf, messageIn, narthex, send, type Answer } from './api';

/** Reads `narthex/api/v1/<path>`; the answer may be wrapped as those of `api/v1` are. */
export async function own<T>(path: string, params: Record<string, string>, signal?: AbortSignal): Promise<T> {
  const query = new URLSearchParams(params).toString();
  const body = await narthex<unknown>(query === '' ? path : `${path}?${query}`, { signal: signal ?? null });
  if (typeof body !== 'object' || body === null)
    throw errorOf('unknown', `narthex/api/v1/${path}: an object expected, got ${JSON.stringify(body)}`, 200);
  return ('status' in body && 'data' in body ? body.data : body) as T;
}

/** Whether the server does not have the call, or does not let this user make it. */
export function refuses(e: unknown): boolean {
  return e instanceof ApiError && [401, 403, 404, 405, 501].includes(e.status);
}

export function asError(e: unknown): ApiError {
  return e instanceof ApiError ? e : errorOf('unknown', String(e), 0);
}

/** The list at a key of an answer, empty if it is something else. */
export function list<T>(value: unknown): readonly T[] {
  return Array.isArray(value) ? (value as T[]) : [];
}

/** Reads `api/v1/<path>` whose answer is not wrapped in `status: success` and `data`. */
export async function unwrapped<T>(
  path: string,
  params: Record<string, string>,
  signal: AbortSignal,
): Promise<Answer<T>> {
  const started = performance.now();
  const url = `api/v1/${path}?${new URLSearchParams(params).toString()}`;
  const response = await send(url, { signal, headers: { Accept: 'application/json' } });
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = null;
  }
  if (!response.ok || typeof body !== 'object' || body === null) {
    const kind =
      response.status === 404 ? 'absent' : response.status === 401 || response.status === 403 ? 'login' : 'unknown';
    throw errorOf(kind, messageIn(body) ?? `${url}: JSON expected, got status ${response.status}`, response.status);
  }
  return { data: body as T, warnings: [], infos: [], tookMs: performance.now() - started, at: Date.now() };
}
