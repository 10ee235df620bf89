/** Alerts that fire or pend, as a list. */
import { useApi, type Alert } from '../../lib/api';
import { Ago, Chips, ErrorBox, Skeleton, State } from '../../ui';
import { option } from '../board';
import type { Panel } from '../model';
import { num, str } from '../read';

export function AlertList({ panel }: { panel: Panel; tick: number }) {
  const load = useApi<{ alerts: Alert[] }>('alerts');
  if (load.error && !load.answer) return <ErrorBox error={load.error} retry={load.reload} />;
  if (!load.answer) return <Skeleton />;
  const states = option(panel, 'stateFilter');
  const given = Object.values(states).some((v) => v === true);
  const name = str(panel.options['alertName']).toLowerCase();
  const most = Math.min(200, Math.max(1, num(panel.options['maxItems']) ?? 20));
  const all = load.answer.data.alerts
    .filter((a) => !given || states[a.state] === true)
    .filter((a) => name === '' || (a.labels['alertname'] ?? '').toLowerCase().includes(name))
    .sort((a, b) => Date.parse(b.activeAt ?? '') - Date.parse(a.activeAt ?? ''));
  if (all.length === 0) return <div class="dnote mid">No alert is active.</div>;
  return (
    <ul class="dalerts">
      {all.slice(0, most).map((a, i) => (
        <li key={i}>
          <State tone={a.state === 'firing' ? 'bad' : 'warn'}>{a.state}</State> <b>{a.labels['alertname']}</b>{' '}
          <span class="dim">
            <Ago at={a.activeAt} />
          </span>
          <div>
            <Chips labels={a.labels} except={['alertname']} />
          </div>
          {a.annotations['summary'] !== undefined && <p>{a.annotations['summary']}</p>}
        </li>
      ))}
      {all.length > most && (
        <li>
          <a href="alerts">{all.length - most} more</a>
        </li>
      )}
    </ul>
  );
}
