import { useState } from 'preact/hooks';
import { ApiError, send, useApi } from '../lib/api';
import { pushGroups, pushPath, type PushGroup } from '../lib/push';
import { plural, seriesName } from '../lib/format';
import { queryLink } from '../lib/urlstate';
import { Ago, Await, Chips, Dialog, Empty, ErrorBox, Filter, matches, State, useMore, useParam } from '../ui';

/** What jobs have pushed, when, and whether it was taken. */
export function PushesPage() {
  const load = useApi<Record<string, unknown>[] | null>('metrics');
  const [search, setSearch] = useParam('search');
  const [deleting, setDeleting] = useState<PushGroup | null>(null);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const remove = async (g: PushGroup) => {
    setDeleting(null);
    setFailure(null);
    try {
      const response = await send(pushPath(g.labels), { method: 'DELETE' });
      if (!response.ok) throw new ApiError('refused', `${seriesName(g.labels)}: was not deleted, got status ${response.status}`, '', response.status, await response.text());
    } catch (e) {
      if (e instanceof ApiError) setFailure(e);
    }
    setTimeout(load.reload, 200);
  };
  return (
    <>
      {failure && <ErrorBox error={failure} />}
      <Await load={load}>
        {(raw) => {
          const groups = pushGroups(raw ?? []);
          if (groups.length === 0) {
            return (
              <Empty title="Nothing has been pushed">
                Batch jobs push to <code>/metrics/job/NAME</code>: <code>echo "done 1" | curl --data-binary @- …/metrics/job/backup</code>
              </Empty>
            );
          }
          const shown = groups.filter((g) => search === '' || matches(search, `${seriesName(g.labels)} ${g.families.map((f) => f.name).join(' ')}`));
          return (
            <>
              <div class="toolbar">
                <Filter value={search} onChange={setSearch} label="Filter by label or metric" />
                <span class="dim">{plural(groups.length, 'group')}</span>
              </div>
              <Groups groups={shown} onDelete={setDeleting} />
            </>
          );
        }}
      </Await>
      {deleting && (
        <Dialog title="Delete group" onClose={() => setDeleting(null)}>
          <p>
            <Chips labels={deleting.labels} />
          </p>
          <p>Its {plural(deleting.families.length, 'metric')} are no longer scraped; what was scraped so far is kept. This cannot be undone.</p>
          <div class="actions">
            <button type="button" autofocus onClick={() => setDeleting(null)}>
              Cancel
            </button>
            <button type="button" class="primary" data-testid="confirm" onClick={() => void remove(deleting)}>
              Delete
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

function Groups({ groups, onDelete }: { groups: readonly PushGroup[]; onDelete: (g: PushGroup) => void }) {
  const [n, more] = useMore(groups.length, 100);
  return (
    <>
      <div class="card list">
        {groups.slice(0, n).map((g) => (
          <Group key={seriesName(g.labels)} group={g} onDelete={onDelete} />
        ))}
      </div>
      {more}
    </>
  );
}

function Group({ group: g, onDelete }: { group: PushGroup; onDelete: (g: PushGroup) => void }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="alert" open={open} onToggle={(e) => setOpen(e.currentTarget.open)} data-testid="push-group" data-job={g.labels['job']}>
      <summary>
        <State tone={g.last_push_successful ? 'good' : 'bad'}>{g.last_push_successful ? 'pushed' : 'refused'}</State>
        <Chips labels={g.labels} />
        <span class="count">{plural(g.families.length, 'metric')}</span>
        <span class="grow" />
        <span>
          <Ago at={g.pushedAt} />
        </span>
      </summary>
      {open && (
        <div class="inner">
          <div class="actions">
            <button type="button" class="small" data-testid="push-delete" onClick={() => onDelete(g)}>
              Delete group
            </button>
          </div>
          <table>
            <tbody>
              {g.families.map((f) =>
                f.metrics.map((m, i) => (
                  <tr key={`${f.name} ${i}`}>
                    <td class="mono wrap" title={f.help}>
                      <a href={queryLink(seriesName({ ...m.labels, __name__: f.name }))}>{seriesName({ ...m.labels, __name__: f.name })}</a>
                    </td>
                    <td class="dim">{f.type.toLowerCase()}</td>
                    <td class="num mono">{typeof m['value'] === 'string' ? m['value'] : typeof m['count'] === 'string' ? `count ${m['count']} sum ${String(m['sum'])}` : ''}</td>
                  </tr>
                )),
              )}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
