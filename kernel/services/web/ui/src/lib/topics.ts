/** What changes on the server, as pages name it, and how often they read it again. */

export const TOPICS = [
  'alerts',
  'targets',
  'silences',
  'rules',
  'config',
  'plugins',
  'dashboards',
  'notifications',
] as const;

export type Topic = (typeof TOPICS)[number];

/** Between two readings of the same topic. */
export const READ_MS = 5000;

const OF_PATH: readonly (readonly [RegExp, readonly Topic[]])[] = [
  [/^alerts/, ['alerts', 'silences']],
  [/^groups/, ['alerts', 'silences', 'notifications']],
  [/^(silence|held)/, ['silences']],
  [/^rules/, ['rules', 'alerts']],
  [/^(targets|scrape_pools)/, ['targets']],
  [/^status\/(config|flags|runtimeinfo)/, ['config']],
  [/^alertmanager/, ['config']],
  [/^(plugins|leftovers|audit)/, ['plugins']],
  [/^dashboards/, ['dashboards']],
];

/** Topics that an answer of the path shows; none for those that change all the time. */
export function topicsOf(path: unknown): readonly Topic[] {
  return typeof path === 'string' ? (OF_PATH.find(([p]) => p.test(path))?.[1] ?? []) : [];
}

export interface Change {
  readonly topics: readonly Topic[];
  readonly firing: number | null;
}

/** Reads the data of an event; null when it is not one. Names that only a newer server knows are left out. */
export function readChange(text: string): Change | null {
  if (text.length > 4096) return null;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof body !== 'object' || body === null || !('topics' in body) || !Array.isArray(body.topics)) return null;
  const names: readonly unknown[] = body.topics;
  const firing = 'firing' in body && typeof body.firing === 'number' && body.firing >= 0 ? body.firing : null;
  return { topics: names.includes('all') ? TOPICS : TOPICS.filter((t) => names.includes(t)), firing };
}

/** Lets changes of a topic through, the first at once, and then at most one in {@link READ_MS}. */
export class Gate {
  private readonly last = new Map<Topic, number>();
  private readonly waiting = new Set<Topic>();

  constructor(
    private readonly out: (topic: Topic) => void,
    private readonly now: () => number,
    private readonly after: (ms: number, what: () => void) => void,
  ) {}

  push(topics: readonly Topic[]): void {
    for (const t of topics) {
      if (this.waiting.has(t)) continue;
      const wait = (this.last.get(t) ?? -Infinity) + READ_MS - this.now();
      if (wait <= 0) this.pass(t);
      else {
        this.waiting.add(t);
        this.after(wait, () => {
          this.waiting.delete(t);
          this.pass(t);
        });
      }
    }
  }

  private pass(t: Topic): void {
    this.last.set(t, this.now());
    this.out(t);
  }
}

/** Milliseconds until the next attempt after so many failures in a row: 30 s, doubled up to 5 min. */
export function backoff(failures: number): number {
  return Math.min(300_000, 30_000 * 2 ** Math.max(0, failures - 1));
}
