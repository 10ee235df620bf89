/** Calls of the server's own API that Explore makes. */
import { ApiError, errorOf, narthex } from '../lib/api';

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
