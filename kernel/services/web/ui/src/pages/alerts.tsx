import { useMemo, useState } from 'preact/hooks';
import { useApi, useLoad, type Alert, type Rule, type RuleGroup } from '../lib/api';
import { newSilence, v2Answer, type ManagedAlert } from '../lib/alertmanager';
import { humanSeconds, plural, seriesName } from '../lib/format';
import { formatMatchers, matchersOf } from '../lib/matchers';
import { queryLink } from '../lib/urlstate';
import {
  Ago,
  Await,
  Chips,
  Empty,
  Filter,
  has,
  kept,
  State,
  Toggles,
  useMore,
  useParam,
  wordsOf,
  type Tone,
} from '../ui';
import { Rows } from '../rows';

const ORDER = ['firing', 'pending', 'unknown', 'inactive'];
const TONES: Record<string, Tone> = { firing: 'bad', pending: 'warn', inactive: 'good', unknown: 'mute' };

interface Row {
  readonly rule: Rule;
  readonly group: RuleGroup;
  readonly state: string;
  /** Those that the filter leaves of its alerts. */
  readonly alerts: readonly Alert[];
}

/** What is firing, what may fire soon, and what is quiet: the urgent first. */
export function AlertsPage() {
  const load = useApi<{ groups: RuleGroup[] }>('rules', { type: 'alert' });
  const held = useHeld();
  const [search, setSearch] = useParam('search');
  const [states, setStates] = useParam('state');
  return (
    <Await load={load}>
      {({ groups }) => {
        const rows: Row[] = groups.flatMap((group) =>
          group.rules.map((rule) => ({ rule, group, state: rule.state ?? 'unknown', alerts: rule.alerts ?? [] })),
        );
        if (rows.length === 0) {
          return (
            <Empty title="No alerting rules">
              Name rule files under <code>rule_files</code> in the configuration; see{' '}
              <a href="config">what is in force</a>.
            </Empty>
          );
        }
        const wanted = states === '' ? null : new Set(states.split(','));
        const words = wordsOf(search);
        const shown = rows
          .filter((r) => wanted === null || wanted.has(r.state))
          .map((r) => filtered(r, words))
          .filter((r) => r !== null)
          .sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
        return (
          <>
            <div class="toolbar">
              <Toggles
                label="State"
                value={states}
                onChange={setStates}
                choices={ORDER.map((id) => ({
                  id,
                  label: <State tone={TONES[id] ?? 'mute'}>{id}</State>,
                  count: rows.filter((r) => r.state === id).length,
                })).filter((c) => c.count > 0 || c.id !== 'unknown')}
              />
              <Filter value={search} onChange={setSearch} label="Filter by name or label" />
            </div>
            {shown.length === 0 ? (
              <Empty title="No alert matches">Clear the filter to see all {rows.length}.</Empty>
            ) : (
              <List rows={shown} held={held} onPick={(m) => setSearch(`${search} ${m}`.trim())} />
            )}
          </>
        );
      }}
    </Await>
  );
}

/** Alerts that do not notify, by name; empty while alerting runs elsewhere. */
function useHeld(): ReadonlyMap<string, ManagedAlert[]> {
  const { answer } = useLoad((signal) => v2Answer<ManagedAlert[]>('alerts?active=false', signal), ['held']);
  return useMemo(() => {
    const byName = new Map<string, ManagedAlert[]>();
    for (const a of answer?.data ?? []) {
      const name = a.labels['alertname'] ?? '';
      const list = byName.get(name);
      if (list) list.push(a);
      else byName.set(name, [a]);
    }
    return byName;
  }, [answer]);
}

const textOf = kept<Rule>((rule) => `${rule.name} ${seriesName(rule.labels ?? {})}`);
const alertText = kept<Alert>((a) => `${seriesName(a.labels)} ${Object.values(a.annotations).join(' ')}`);

/** The rule as the filter leaves it: whole when all words are about the rule, else with the alerts that have the others. */
function filtered(row: Row, words: readonly string[]): Row | null {
  const own = `${textOf(row.rule)} ${row.group.name} ${row.group.file}`.toLowerCase();
  const left = words.filter((w) => !own.includes(w));
  if (left.length === 0) return row;
  const alerts = (row.rule.alerts ?? []).filter((a) => has(left, alertText(a)));
  return alerts.length === 0 ? null : { ...row, alerts };
}

const NONE: readonly ManagedAlert[] = [];

function List({
  rows,
  held,
  onPick,
}: {
  rows: readonly Row[];
  held: ReadonlyMap<string, ManagedAlert[]>;
  onPick: (m: string) => void;
}) {
  const [n, more] = useMore(rows.length, 200);
  return (
    <>
      <div class="card list">
        {rows.slice(0, n).map((r) => (
          <RuleRow
            key={`${r.group.file} ${r.group.name} ${r.rule.name} ${r.rule.query} ${r.rule.duration}`}
            row={r}
            held={held.get(r.rule.name) ?? NONE}
            onPick={onPick}
          />
        ))}
      </div>
      {more}
    </>
  );
}

function RuleRow({
  row: { rule, group, state, alerts },
  held,
  onPick,
}: {
  row: Row;
  held: readonly ManagedAlert[];
  onPick: (m: string) => void;
}) {
  const [open, setOpen] = useState(state === 'firing');
  const all = rule.alerts?.length ?? 0;
  return (
    <details
      class={`alert ${state}`}
      open={open}
      onToggle={(e) => setOpen(e.currentTarget.open)}
      data-testid="alert-rule"
      data-state={state}
      data-name={rule.name}
    >
      <summary>
        <State tone={TONES[state] ?? 'mute'}>{state}</State>
        <b>{rule.name}</b>
        {all > 0 && <span class="count">{alerts.length < all ? `${alerts.length} of ${all}` : all}</span>}
        {rule.labels && <Chips labels={rule.labels} />}
        {rule.health === 'err' && <State tone="bad">rule failed</State>}
        <span class="grow" />
        <span class="dim">
          {group.name} · <Ago at={rule.lastEvaluation} />
        </span>
      </summary>
      {open && (
        <div class="inner">
          <p class="expr">
            <a class="mono wrap" href={queryLink(rule.query, 'graph')} title="Open in Explore">
              {rule.query}
            </a>
            <span class="dim">
              {(rule.duration ?? 0) > 0 && `for ${humanSeconds(rule.duration ?? 0)}`}{' '}
              {(rule.keepFiringFor ?? 0) > 0 && `keep firing ${humanSeconds(rule.keepFiringFor ?? 0)}`}
            </span>
          </p>
          {rule.lastError && <p class="mono bad wrap">{rule.lastError}</p>}
          {alerts.length > 0 ? (
            <AlertTable alerts={alerts} held={held} onPick={onPick} />
          ) : (
            <p class="dim">
              No series meets the condition. {group.file && <span class="mono wrap">{group.file}</span>}
            </p>
          )}
        </div>
      )}
    </details>
  );
}

/** Why an alert does not notify; nothing when it does or when that is not known. */
function Held({ managed, alert }: { managed: readonly ManagedAlert[]; alert: Alert }) {
  const m = managed.find((x) => Object.entries(alert.labels).every(([k, v]) => x.labels[k] === v));
  if (m?.status.state !== 'suppressed') return null;
  const why = m.status.silencedBy.length > 0 ? 'silenced' : m.status.inhibitedBy.length > 0 ? 'inhibited' : 'muted';
  return (
    <div>
      <State tone="mute">{why}</State>
    </div>
  );
}

function AlertTable({
  alerts,
  held,
  onPick,
}: {
  alerts: readonly Alert[];
  held: readonly ManagedAlert[];
  onPick: (m: string) => void;
}) {
  const [n, more] = useMore(alerts.length, 50);
  return (
    <>
      <table class="cards" aria-label={plural(alerts.length, 'alert')} aria-rowcount={alerts.length + 1}>
        <thead>
          <tr>
            <th>State</th>
            <th>Labels</th>
            <th>Since</th>
            <th class="num">Value</th>
            <th>
              <span class="unseen">Acts</span>
            </th>
          </tr>
        </thead>
        <Rows
          items={alerts.slice(0, n)}
          columns={5}
          row={(a, i) => (
            <tr key={seriesName(a.labels)} tabIndex={0} aria-rowindex={i + 2} data-testid="alert" data-state={a.state}>
              <td data-l="State">
                <State tone={TONES[a.state] ?? 'mute'}>{a.state}</State>
                {a.keepFiringSince && <div class="dim">kept firing</div>}
                <Held managed={held} alert={a} />
              </td>
              <td data-l="Labels">
                <Chips labels={a.labels} except={['alertname']} onPick={onPick} />
                {Object.entries(a.annotations).map(([k, v]) => (
                  <div class="annotation" key={k}>
                    <span class="dim">{k}</span>{' '}
                    {/^https?:/.test(v) ? (
                      <a href={v} target="_blank" rel="noreferrer noopener">
                        {v}
                      </a>
                    ) : (
                      v
                    )}
                  </div>
                ))}
              </td>
              <td data-l="Since">
                <Ago at={a.activeAt} />
              </td>
              <td class="num" data-l="Value" title={a.value}>
                {Number(a.value).toString()}
              </td>
              <td class="num">
                <a
                  class="button small quiet"
                  href={newSilence(formatMatchers(matchersOf(a.labels)))}
                  data-testid="silence-alert"
                >
                  Silence
                </a>
              </td>
            </tr>
          )}
        />
      </table>
      {more}
    </>
  );
}
