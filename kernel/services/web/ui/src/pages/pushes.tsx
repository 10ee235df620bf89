import { useState } from 'preact/hooks';
import { api, ApiError, errorOf, send, useLoad } from '../lib/api';
import { plural, seriesName, type Labels } from '../lib/format';
import { groupPath } from '../lib/pushes';
import { Ago, Await, Chips, Dialog, Empty, ErrorBox, Filter, matches, State, useMore, useParam } from '../ui';

interface PushedMetric {
  labels: Labels;
  value?: string;
  count?: string;
  sum?: string;
}

interface PushedFamily {
  time_stamp: string;
  type: string;
  help?: string;
  metrics: PushedMetric[];
}

interface PushedGroup {
  labels: Labels;
  last_push_successful: boolean;
  [family: string]: unknown;
}

const PUSH_TIME = 'push_time_seconds';
const FAILURE_TIME = 'push_failure_time_seconds';

function families(group: PushedGroup): [string, PushedFamily][] {
  return Object.entries(group).filter(([name]) => name !== 'labels' && name !== 'last_push_successful') as [
    string,
    PushedFamily,
  ][];
}

/** Milliseconds; 0 when it never was. */
function timeOf(group: PushedGroup, family: string): number {
  const f = group[family] as PushedFamily | undefined;
  return Number(f?.metrics[0]?.value ?? 0) * 1000;
}

/** What jobs have pushed, by group. */
export function PushesPage() {
  const load = useLoad((signal) => api<PushedGroup[]>('metrics', {}, signal), ['pushes']);
  const [search, setSearch] = useParam('search');
  const [leaving, setLeaving] = useState<PushedGroup | null>(null);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const remove = async (group: PushedGroup) => {
    setLeaving(null);
    setFailure(null);
    try {
      const response = await send(groupPath(group.labels), { method: 'DELETE' });
      if (!response.ok) {
        const kind = response.status === 401 || response.status === 403 ? 'login' : 'refused';
        throw errorOf(kind, (await response.text()) || response.statusText, response.status);
      }
    } catch (e) {
      if (e instanceof ApiError) setFailure(e);
    }
    load.reload();
  };
  return (
    <>
      {failure && <ErrorBox error={failure} />}
      <Await load={load}>
        {(groups) => {
          if (groups.length === 0)
            return (
              <Empty title="Nothing was pushed">
                Jobs push to <code>/metrics/job/NAME</code>; a job of the configuration with the path{' '}
                <code>/push/metrics</code> and <code>honor_labels</code> scrapes what they left.
              </Empty>
            );
          const shown = groups.filter((g) => search === '' || matches(search, seriesName(g.labels)));
          return (
            <>
              <div class="toolbar">
                <Filter value={search} onChange={setSearch} label="Filter by label" />
              </div>
              {shown.length === 0 && <Empty title="No group matches">Clear the filter.</Empty>}
              <List groups={shown} onRemove={setLeaving} />
            </>
          );
        }}
      </Await>
      {leaving && (
        <Dialog title="Delete group" onClose={() => setLeaving(null)}>
          <p class="mono wrap">{seriesName(leaving.labels)}</p>
          <p>What its jobs have pushed is gone until they push again.</p>
          <div class="actions">
            <button type="button" onClick={() => setLeaving(null)}>
              Cancel
            </button>
            <button type="button" class="primary" autofocus data-testid="confirm" onClick={() => void remove(leaving)}>
              Delete
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

function List({ groups, onRemove }: { groups: PushedGroup[]; onRemove: (g: PushedGroup) => void }) {
  const [n, more] = useMore(groups.length, 50);
  return (
    <>
      {groups.slice(0, n).map((g) => (
        <Group key={seriesName(g.labels)} group={g} onRemove={() => onRemove(g)} />
      ))}
      {more}
    </>
  );
}

function Group({ group, onRemove }: { group: PushedGroup; onRemove: () => void }) {
  const [open, setOpen] = useState(false);
  const pushed = timeOf(group, PUSH_TIME);
  const failed = timeOf(group, FAILURE_TIME);
  const all = families(group).filter(([name]) => name !== PUSH_TIME && name !== FAILURE_TIME);
  const series = all.reduce((sum, [, f]) => sum + f.metrics.length, 0);
  return (
    <section class="card" data-testid="push-group" data-job={group.labels.job}>
      <header>
        <Chips labels={group.labels} />
        <State tone={group.last_push_successful ? 'good' : 'bad'}>
          {group.last_push_successful ? 'pushed' : 'last push failed'}
        </State>
        <span class="dim">
          {pushed > 0 ? <Ago at={pushed} /> : 'never pushed'}
          {failed > 0 && (
            <>
              , failed <Ago at={failed} />
            </>
          )}{' '}
          · {plural(series, 'metric')}
        </span>
        <span class="grow" />
        {series > 0 && (
          <button
            type="button"
            class="small quiet"
            data-testid="push-show"
            aria-expanded={open}
            onClick={() => setOpen(!open)}
          >
            {open ? 'Hide' : 'Show'}
          </button>
        )}
        <button type="button" class="small quiet" data-testid="push-delete" onClick={onRemove}>
          Delete
        </button>
      </header>
      {open && (
        <table class="cards">
          <tbody>
            {all.map(([name, f]) => (
              <Family key={name} name={name} family={f} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Family({ name, family }: { name: string; family: PushedFamily }) {
  const [n, more] = useMore(family.metrics.length, 20);
  return (
    <tr data-testid="push-family">
      <td data-l="Family" class="wrap">
        <span class="mono">{name}</span> <span class="kind">{family.type.toLowerCase()}</span>
        {family.help && <div class="dim">{family.help}</div>}
      </td>
      <td data-l="Metrics">
        {family.metrics.slice(0, n).map((m, i) => (
          <div class="mono wrap" key={i}>
            {seriesName(m.labels)} {m.value ?? `count ${m.count ?? ''}, sum ${m.sum ?? ''}`}
          </div>
        ))}
        {more}
      </td>
      <td data-l="Pushed">
        <Ago at={family.time_stamp} />
      </td>
    </tr>
  );
}
