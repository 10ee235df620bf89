/** The HTTP APIs of the server. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Labels } from './format';
import { useTopics } from './live';
import { refreshTick, Store, useStore } from './store';
import { topicsOf } from './topics';

/** A request that failed: what the server said, and what to do about it. */
export class ApiError extends Error {
  constructor(
    readonly kind: string,
    message: string,
    readonly hint: string,
    readonly status: number,
    readonly raw = '',
  ) {
    super(message);
  }
}

export interface Answer<T> {
  readonly data: T;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  readonly tookMs: number;
  readonly at: number;
}

interface Envelope<T> {
  status: string;
  data: T;
  errorType?: string;
  error?: string;
  warnings?: string[];
  infos?: string[];
}

const HINTS: Record<string, string> = {
  bad_data: 'Correct the expression or the parameter it names and run it again.',
  execution: 'Narrow the selector, shorten the range or raise the step.',
  timeout: 'Narrow the selector or shorten the range; the limit is --query.timeout.',
  canceled: 'The query was cancelled; run it again.',
  internal: 'The server could not read its storage; its log says more.',
  unavailable: 'The server cannot do this now; Plugins says which part is not running.',
  not_found: 'What was asked for is not there any more; reload the page.',
  absent: 'It may need a newer version, or a bundle that is stopped; see Plugins.',
  not_ready: 'The server is still starting; this page reads again by itself.',
  network: 'Check that the server runs and that this browser can reach it, then retry.',
  login: 'Give the admin token, or log in.',
};

export function errorOf(kind: string, message: string, status: number, raw = ''): ApiError {
  return new ApiError(kind, message, HINTS[kind] ?? 'The log of the server says more.', status, raw);
}

/** Reads `api/v1/<path>`; long parameters are sent as a form. */
export async function api<T>(
  path: string,
  params: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Answer<T>> {
  const query = new URLSearchParams(params).toString();
  const url = `api/v1/${path}`;
  const started = performance.now();
  const long = query.length > 3000;
  const response = await send(long ? url : query ? `${url}?${query}` : url, {
    signal: signal ?? null,
    headers: { Accept: 'application/json' },
    ...(long ? { method: 'POST', body: new URLSearchParams(params) } : {}),
  });
  const text = await response.text();
  let body: Envelope<T>;
  try {
    body = JSON.parse(text) as Envelope<T>;
  } catch {
    throw plainError(url, response, text);
  }
  // The lists of queries come without the envelope, or with another word in it.
  const bare = response.ok && (body.status === undefined || body.status === 'ok');
  if (body.status !== 'success' && !bare) {
    throw errorOf(body.errorType ?? 'unknown', body.error ?? response.statusText, response.status);
  }
  return {
    data: bare && body.status === undefined ? (body as unknown as T) : body.data,
    warnings: body.warnings ?? [],
    infos: body.infos ?? [],
    tookMs: performance.now() - started,
    at: Date.now(),
  };
}

/** The CSRF token of the session, empty without one. */
export const csrf = new Store('');

/** Sends a request; one that changes something carries the token, if there is one, and the session's CSRF token. */
export async function send(url: string, init: RequestInit, withToken = true): Promise<Response> {
  const headers = new Headers(init.headers);
  const changes = init.method !== undefined && init.method !== 'GET';
  if (withToken && changes && token() !== '' && !headers.has('Authorization'))
    headers.set('Authorization', `Bearer ${token()}`);
  if (changes && csrf.get() !== '') headers.set('X-Narthex-Csrf', csrf.get());
  try {
    return await fetch(url, { credentials: 'same-origin', ...init, headers });
  } catch (e) {
    if (e instanceof DOMException && e.name === 'AbortError') throw e;
    throw errorOf('network', `${url}: no answer from the server`, 0, String(e));
  }
}

function plainError(url: string, response: Response, text: string): ApiError {
  if (response.status === 401 || response.status === 403)
    return errorOf('login', `${url}: not allowed`, response.status, text);
  if (response.status === 503) return errorOf('not_ready', 'The server is not ready', 503, text);
  if (response.status === 502 || response.status === 504)
    return errorOf(
      'network',
      `${url}: a proxy in between cannot reach the server, got status ${response.status}`,
      response.status,
      text,
    );
  if (response.status === 404) return errorOf('absent', `${url}: this server does not offer it`, 404, text);
  return errorOf(
    'unknown',
    `${url}: answer is not JSON, got status ${response.status}`,
    response.status,
    text.slice(0, 2000),
  );
}

const TOKEN = 'narthex.token';

export function token(): string {
  try {
    return sessionStorage.getItem(TOKEN) ?? '';
  } catch {
    return '';
  }
}

export function setToken(value: string): void {
  try {
    if (value === '') sessionStorage.removeItem(TOKEN);
    else sessionStorage.setItem(TOKEN, value);
  } catch {
    return;
  }
}

/** Calls `narthex/api/v1/<path>`, with the token if there is one. The response may be empty. */
export async function narthex<T>(path: string, init: RequestInit = {}, withToken = true): Promise<T> {
  const headers = new Headers(init.headers);
  headers.set('Accept', 'application/json');
  if (withToken && token() !== '') headers.set('Authorization', `Bearer ${token()}`);
  const url = `narthex/api/v1/${path}`;
  const response = await send(url, { ...init, headers }, withToken);
  const text = await response.text();
  let body: unknown = null;
  try {
    body = text === '' ? null : JSON.parse(text);
  } catch {
    if (response.ok) throw plainError(url, response, text);
  }
  if (response.ok) return body as T;
  const said = messageIn(body);
  if (response.status === 401) throw errorOf('login', said ?? `${url}: a token is needed`, 401, '');
  if (said !== null) throw new ApiError('refused', said, '', response.status, text);
  throw plainError(url, response, text);
}

/** The message of an error response, in any of the usual forms. */
export function messageIn(body: unknown): string | null {
  if (typeof body === 'string' && body !== '') return body;
  if (typeof body !== 'object' || body === null) return null;
  const b = body as Record<string, unknown>;
  const m = b['error'] ?? b['message'] ?? b['reason'] ?? b['detail'];
  return typeof m === 'string' ? m : null;
}

export interface Loaded<T> {
  readonly answer: Answer<T> | null;
  readonly error: ApiError | null;
  readonly loading: boolean;
  readonly reload: () => void;
}

/** Reads `api/v1/<path>` now, on every refresh and change, and while the server is starting every 3 s. */
export function useApi<T>(path: string, params: Record<string, string> = {}): Loaded<T> {
  return useLoad((signal) => api<T>(path, params, signal), [path, JSON.stringify(params)]);
}

export function useLoad<T>(load: (signal: AbortSignal) => Promise<Answer<T>>, keys: readonly unknown[]): Loaded<T> {
  const tick = useStore(refreshTick);
  const changes = useTopics(topicsOf(keys[0]));
  const [again, setAgain] = useState(0);
  const [state, setState] = useState<Omit<Loaded<T>, 'reload'>>({ answer: null, error: null, loading: true });
  const key = useRef('');
  useEffect(() => {
    const abort = new AbortController();
    const thisKey = JSON.stringify(keys);
    const fresh = key.current !== thisKey;
    key.current = thisKey;
    let retry: ReturnType<typeof setTimeout> | undefined;
    setState((s) => ({ answer: fresh ? null : s.answer, error: fresh ? null : s.error, loading: true }));
    load(abort.signal).then(
      (answer) => setState({ answer, error: null, loading: false }),
      (e: unknown) => {
        if (abort.signal.aborted) return;
        const error = e instanceof ApiError ? e : errorOf('unknown', String(e), 0);
        setState((s) => ({ answer: s.answer, error, loading: false }));
        if (error.kind === 'not_ready') retry = setTimeout(() => setAgain((n) => n + 1), 3000);
      },
    );
    return () => {
      abort.abort();
      clearTimeout(retry);
    };
  }, [...keys, tick, changes, again]);
  return { ...state, reload: () => setAgain((n) => n + 1) };
}

export interface Alert {
  labels: Labels;
  annotations: Labels;
  state: string;
  activeAt?: string;
  keepFiringSince?: string;
  value: string;
}

export interface Rule {
  name: string;
  query: string;
  type: 'alerting' | 'recording';
  labels?: Labels;
  annotations?: Labels;
  state?: string;
  duration?: number;
  keepFiringFor?: number;
  alerts?: Alert[];
  health: string;
  lastError?: string;
  evaluationTime: number;
  lastEvaluation: string;
}

export interface RuleGroup {
  name: string;
  file: string;
  interval: number;
  limit?: number;
  rules: Rule[];
  evaluationTime: number;
  lastEvaluation: string;
}

export interface Target {
  discoveredLabels: Labels;
  labels: Labels;
  scrapePool: string;
  scrapeUrl: string;
  globalUrl?: string;
  lastError: string;
  lastScrape: string;
  lastScrapeDuration: number;
  health: string;
  scrapeInterval?: string;
  scrapeTimeout?: string;
}

export interface Targets {
  activeTargets: Target[];
  droppedTargets: { discoveredLabels: Labels; scrapePool?: string }[];
  droppedTargetCounts?: Record<string, number>;
}

/** The states of a plugin, as the API names them. */
export type PluginState =
  'waiting' | 'checking' | 'needs' | 'starting' | 'running' | 'degraded' | 'failed' | 'stopped' | 'quarantined';

export interface Plugin {
  id: string;
  name?: string;
  kind?: string;
  version?: string;
  state: PluginState;
  reason?: string | null;
  /** The kind of problem that the reason is about, or empty: code decides by it, never by the text. */
  problem?: string;
  /** Who can solve it: user, configuration, plugin, remote or server; or empty. */
  blame?: string;
  source?: string;
  instances?: unknown[];
  since?: string | number;
  kinds?: string[];
  file?: string;
  sha256?: string;
  started?: number;
  undoVersion?: string | null;
  staleClassLoaders?: number;
  osgiState?: string;
  calls?: PluginCalls[];
  /** Time on processors, of the threads the server lent it. */
  cpuSeconds?: number;
  /** What it has allocated, freed or not. */
  allocatedBytes?: number;
  leaks?: PluginLeak[];
}

/** Calls of the server into a plugin, of one operation. */
export interface PluginCalls {
  kind: string;
  operation: string;
  calls: number;
  failures: number;
  inFlight: number;
  meanSeconds: number;
  maxSeconds: number;
}

/** What a previous version of a plugin has left: a thread, a class loader, a handle. */
export interface PluginLeak {
  what: string;
  name: string;
  version: string;
}

/** Configuration that waits for a plugin. */
export interface WaitingBlock {
  kind: string;
  type: string;
  place: string;
  block: string;
  reason: string;
}

/** What is kept of a plugin that is not installed. */
export interface Orphan {
  id: string;
  version: string;
  lastSeen: number;
  provided: string[];
  blocks: WaitingBlock[];
  records: string[];
  folders: string[];
  keptVersions: string[];
}

export interface AuditEntry {
  timeMs: number;
  actor: string;
  action: string;
  id: string;
  version: string;
  result: string;
}
