import { useLoad } from '../lib/api';
import { newSilence, v2Answer, type AlertGroup, type ManagedAlert } from '../lib/alertmanager';
import { plural, seriesName } from '../lib/format';
import { formatMatchers, matchersOf, parseMatchers, satisfies } from '../lib/matchers';
import { Ago, Await, Chips, Empty, Filter, matches, State, Toggles, useMore, useParam } from '../ui';

/** Alerts by aggregation group and receiver, and which of them are suppressed. */
export function GroupsPage() {
  const load = useLoad((signal) => v2Answer<AlertGroup[]>('alerts/groups', signal), ['groups']);
  const [search, setSearch] = useParam('search');
  const [receiver, setReceiver] = useParam('receiver');
  const [filter] = useParam('filter');
  const [silenced] = useParam('silenced');
  const [inhibited] = useParam('inhibited');
  const [active] = useParam('active');
  const parsed = parseMatchers(filter);
  const wrong = 'error' in parsed ? parsed.error : null;
  const matchers = 'error' in parsed ? [] : parsed;
  const hides = silenced === 'false' || inhibited === 'false' || active === 'false';
  const wantedState = (a: ManagedAlert) =>
    !(silenced === 'false' && a.status.silencedBy.length > 0) &&
    !(inhibited === 'false' && a.status.inhibitedBy.length > 0) &&
    !(active === 'false' && a.status.state === 'active');
  return (
    <Await load={load}>
      {(groups) => {
        if (groups.length === 0)
          return <Empty title="Nothing to notify">No alert has arrived, or all have been resolved.</Empty>;
        const receivers = [...new Set(groups.map((g) => g.receiver.name))].sort();
        const wanted = receiver === '' ? null : new Set(receiver.split(','));
        const shown = groups
          .filter((g) => wanted === null || wanted.has(g.receiver.name))
          .map((g) => ({
            ...g,
            alerts: g.alerts.filter(
              (a) =>
                wantedState(a) &&
                satisfies(a.labels, matchers) &&
                (search === '' || matches(search, `${g.receiver.name} ${seriesName(a.labels)}`)),
            ),
          }))
          .filter((g) => g.alerts.length > 0);
        return (
          <>
            {(filter !== '' || hides) && (
              <p class={`note ${wrong === null ? 'info' : 'warn'}`}>
                {wrong === null ? 'Shown are alerts' : `The filter could not be read: ${wrong}. Shown are alerts`}{' '}
                {matchers.length > 0 && (
                  <>
                    with <code>{formatMatchers(matchers)}</code>{' '}
                  </>
                )}
                {hides &&
                  `without ${[silenced === 'false' && 'silenced', inhibited === 'false' && 'inhibited', active === 'false' && 'active'].filter(Boolean).join(', ')} `}
                <a href="groups">Show all</a>
              </p>
            )}
            <div class="toolbar">
              <Toggles
                label="Receiver"
                value={receiver}
                onChange={setReceiver}
                choices={receivers.map((id) => ({
                  id,
                  label: id,
                  count: groups.filter((g) => g.receiver.name === id).length,
                }))}
              />
              <Filter value={search} onChange={setSearch} label="Filter by label" />
            </div>
            {shown.length === 0 && <Empty title="No alert matches">Clear the filter.</Empty>}
            {shown.map((g) => (
              <Group
                key={`${g.receiver.name} ${seriesName(g.labels)}`}
                group={g}
                onPick={(m) => setSearch(`${search} ${m}`.trim())}
              />
            ))}
          </>
        );
      }}
    </Await>
  );
}

function Group({ group, onPick }: { group: AlertGroup; onPick: (m: string) => void }) {
  const held = group.alerts.filter((a) => a.status.state === 'suppressed').length;
  const [n, more] = useMore(group.alerts.length, 50);
  return (
    <section class="card" data-testid="alert-group" data-receiver={group.receiver.name}>
      <header>
        {Object.keys(group.labels).length > 0 ? <Chips labels={group.labels} /> : <h2>All alerts together</h2>}
        <span class="dim">
          to {group.receiver.name} · {plural(group.alerts.length, 'alert')}
          {held > 0 && `, ${held} held back`}
        </span>
        <span class="grow" />
        <a class="button small" href={newSilence(formatMatchers(matchersOf(group.labels)))}>
          Silence group
        </a>
      </header>
      <table class="cards">
        <tbody>
          {group.alerts.slice(0, n).map((a) => (
            <tr key={a.fingerprint} tabIndex={0} data-testid="managed-alert" data-state={a.status.state}>
              <td data-l="State">
                <Held alert={a} />
              </td>
              <td data-l="Labels">
                <Chips labels={a.labels} onPick={onPick} />
                {Object.entries(a.annotations).map(([k, v]) => (
                  <div class="annotation" key={k}>
                    <span class="dim">{k}</span> {v}
                  </div>
                ))}
              </td>
              <td data-l="Since">
                <Ago at={a.startsAt} />
              </td>
              <td class="num">
                <span class="row end">
                  {a.generatorURL && /^https?:/.test(a.generatorURL) && (
                    <a class="button small quiet" href={a.generatorURL}>
                      Source
                    </a>
                  )}
                  <a class="button small quiet" href={newSilence(formatMatchers(matchersOf(a.labels)))}>
                    Silence
                  </a>
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {more}
    </section>
  );
}

/** Whether an alert notifies, and if not, why. */
function Held({ alert: { status } }: { alert: ManagedAlert }) {
  if (status.state !== 'suppressed')
    return (
      <State tone={status.state === 'active' ? 'bad' : 'info'}>{status.state === 'active' ? 'notifies' : 'new'}</State>
    );
  const why = [
    status.silencedBy.length > 0 && 'silenced',
    status.inhibitedBy.length > 0 && 'inhibited',
    (status.mutedBy?.length ?? 0) > 0 && 'muted',
  ]
    .filter(Boolean)
    .join(', ');
  return status.silencedBy[0] ? (
    <a href={`silences?search=${encodeURIComponent(status.silencedBy[0])}`}>
      <State tone="mute">{why}</State>
    </a>
  ) : (
    <State tone="mute">{why || 'held back'}</State>
  );
}
