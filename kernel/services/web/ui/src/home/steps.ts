/** What a newcomer may do next, and whether it is done. Pure functions. */

export interface Seen {
  /** Scrape pools with an active target. */
  readonly pools: readonly string[] | null;
  /** The configuration of the Alertmanager. */
  readonly alerting: string | null;
  /** Origins of the plugins. */
  readonly sources: readonly string[] | null;
  /** Name of who is logged in; empty without login. */
  readonly user: string | null;
}

export interface Step {
  readonly id: string;
  readonly title: string;
  readonly where: string;
  readonly text: string;
  readonly snippet: string;
  readonly done: (seen: Seen) => boolean | null;
}

/** Names of the pools that every installation has. */
const OWN = new Set(['narthex', 'prometheus', 'node', 'jvm']);

export const STEPS: readonly Step[] = [
  {
    id: 'target',
    title: 'Watch something of yours',
    where: 'prometheus.yml',
    text: 'Add a job with its targets, then reload the configuration.',
    snippet: [
      'scrape_configs:',
      '  - job_name: app',
      '    static_configs:',
      '      - targets: ["app.local:8080"]',
    ].join('\n'),
    done: (s) => s.pools && s.pools.some((p) => !OWN.has(p)),
  },
  {
    id: 'receiver',
    title: 'Say who is told',
    where: 'alertmanager.yml',
    text: 'Without a receiver that sends, alerts are only shown here.',
    snippet: [
      'route:',
      '  receiver: team',
      'receivers:',
      '  - name: team',
      '    webhook_configs:',
      '      - url: "http:' + '//hooks.local/alerts"',
    ].join('\n'),
    done: (s) => (s.alerting === null ? null : sends(s.alerting)),
  },
  {
    id: 'plugin',
    title: 'Add a plugin',
    where: 'a shell',
    text: 'The command writes a working project; its jar goes into the plugins folder or onto the page Plugins.',
    snippet: './narthex plugin new notifier acme --dir=acme',
    done: (s) => s.sources && s.sources.some((x) => x === 'user'),
  },
  {
    id: 'login',
    title: 'Ask for a login',
    where: 'web.yml',
    text: 'Start the server with --web.config.file=web.yml; the hash is one of bcrypt, as htpasswd -nB writes it.',
    snippet: ['basic_auth_users:', '  ann: "$2y$10$…"'].join('\n'),
    done: (s) => (s.user === null ? null : s.user !== ''),
  },
];

/** Whether a configuration has a receiver that sends anywhere. */
export function sends(config: string): boolean {
  return /^\s*-?\s*[a-z][a-z0-9_]*_configs:\s*(?:$|\[\s*\{)/m.test(config);
}

/** The steps that are known not to be done. */
export function stepsLeft(seen: Seen): Step[] {
  return STEPS.filter((s) => s.done(seen) === false);
}
