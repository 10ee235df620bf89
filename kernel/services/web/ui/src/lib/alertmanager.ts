/** The API of the Alertmanager, `api/v2`. */
import { ApiError, errorOf, messageIn, send, type Answer } from './api';
import { formatMatcher, type Matcher } from './matchers';
import type { Labels } from './format';

export interface Silence {
  id: string;
  status: { state: 'active' | 'pending' | 'expired' };
  matchers: { name: string; value: string; isRegex: boolean; isEqual?: boolean }[];
  startsAt: string;
  endsAt: string;
  createdBy: string;
  comment: string;
}

export interface ManagedAlert {
  labels: Labels;
  annotations: Labels;
  startsAt: string;
  endsAt: string;
  fingerprint: string;
  generatorURL?: string;
  receivers: { name: string }[];
  status: {
    state: 'unprocessed' | 'active' | 'suppressed';
    silencedBy: string[];
    inhibitedBy: string[];
    mutedBy?: string[];
  };
}

export interface AlertGroup {
  labels: Labels;
  receiver: { name: string };
  alerts: ManagedAlert[];
}

/** Calls `api/v2/<path>`. Errors come as JSON strings or as `{code, message}`. */
export async function v2<T>(path: string, init: RequestInit = {}): Promise<T> {
  const url = `api/v2/${path}`;
  const response = await send(url, {
    ...init,
    headers: { Accept: 'application/json', ...(init.body ? { 'Content-Type': 'application/json' } : {}) },
  });
  const text = await response.text();
  let body: unknown = null;
  try {
    body = text === '' ? null : JSON.parse(text);
  } catch {
    body = text;
  }
  if (response.ok) return body as T;
  const said = messageIn(body) ?? response.statusText;
  if (response.status === 401 || response.status === 403) throw errorOf('login', said, response.status);
  if (response.status === 503) throw new ApiError('unavailable', said, 'Plugins says which part is not running.', 503);
  if (response.status === 404 && !/silence|not found/i.test(said)) {
    throw new ApiError(
      'not_found',
      `${url}: this server does not offer it`,
      'Alerting runs elsewhere, or its bundle is stopped; see Plugins.',
      404,
    );
  }
  throw new ApiError('refused', said, '', response.status, text);
}

export async function v2Answer<T>(path: string, signal: AbortSignal): Promise<Answer<T>> {
  return { data: await v2<T>(path, { signal }), warnings: [], infos: [], tookMs: 0, at: Date.now() };
}

/** The alerts that all matchers match. */
export function alertsPath(matchers: readonly Matcher[]): string {
  const p = new URLSearchParams();
  for (const m of matchers) p.append('filter', formatMatcher(m));
  return `alerts?${p.toString()}`;
}

/** Address of the form for a new silence, relative to the base. */
export function newSilence(filter: string): string {
  return `silences?new=1&filter=${encodeURIComponent(filter)}`;
}
