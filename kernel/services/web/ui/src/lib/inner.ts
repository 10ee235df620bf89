/** Own APIs of the server that answer either plainly or in the envelope of `api/v1`. */
import { narthex, useLoad, type Answer, type Loaded } from './api';

/** The body, without the envelope if it has one. */
export function unwrap<T>(body: unknown): T {
  if (typeof body === 'object' && body !== null && 'status' in body && 'data' in body && body.status === 'success')
    return body.data as T;
  return body as T;
}

/** Reads `narthex/api/v1/<path>`. */
export async function inner<T>(path: string, params: Record<string, string>, signal: AbortSignal): Promise<Answer<T>> {
  const started = performance.now();
  const query = new URLSearchParams(params).toString();
  const data = unwrap<T>(await narthex<unknown>(query ? `${path}?${query}` : path, { signal }, false));
  return { data, warnings: [], infos: [], tookMs: performance.now() - started, at: Date.now() };
}

export function useInner<T>(path: string, params: Record<string, string> = {}): Loaded<T> {
  return useLoad((signal) => inner<T>(path, params, signal), [path, JSON.stringify(params)]);
}
