import { useApi, type Rule, type RuleGroup } from '../lib/api';
import { humanSeconds, plural } from '../lib/format';
import { queryLink } from '../lib/urlstate';
import { Ago, Await, Chips, Copy, Empty, Filter, healthTone, matches, State, Toggles, useMore, useParam } from '../ui';

const WORDS: Record<string, string> = { ok: 'ok', err: 'failed', unknown: 'not yet run' };

/** Whether every rule runs, how long it takes, and what went wrong. */
export function RulesPage() {
  const load = useApi<{ groups: RuleGroup[] }>('rules', { exclude_alerts: 'true' });
  const [search, setSearch] = useParam('search');
  const [health, setHealth] = useParam('health');
  return (
    <Await load={load}>
      {({ groups }) => {
        const all = groups.flatMap((g) => g.rules);
        if (all.length === 0) {
          return (
            <Empty title="No rules">
              Name rule files under <code>rule_files</code> in the configuration.
            </Empty>
          );
        }
        const wanted = health === '' ? null : new Set(health.split(','));
        const shown = groups
          .map((g) => ({
            ...g,
            rules: g.rules.filter(
              (r) =>
                (wanted === null || wanted.has(r.health)) &&
                (search === '' || matches(search, `${r.name} ${r.query} ${g.name} ${g.file}`)),
            ),
          }))
          .filter((g) => g.rules.length > 0);
        return (
          <>
            <div class="toolbar">
              <Toggles
                label="Health"
                value={health}
                onChange={setHealth}
                choices={['ok', 'err', 'unknown'].map((id) => ({
                  id,
                  label: <State tone={healthTone(id)}>{WORDS[id]}</State>,
                  count: all.filter((r) => r.health === id).length,
                }))}
              />
              <Filter value={search} onChange={setSearch} label="Filter by name, expression or file" />
            </div>
            {shown.length === 0 && <Empty title="No rule matches">Clear the filter to see all {all.length}.</Empty>}
            <Groups groups={shown} />
          </>
        );
      }}
    </Await>
  );
}

function Groups({ groups }: { groups: readonly RuleGroup[] }) {
  const [n, more] = useMore(groups.length, 50);
  return (
    <>
      {groups.slice(0, n).map((g) => (
        <section class="card" key={`${g.file} ${g.name}`} data-testid="rule-group" data-name={g.name}>
          <header>
            <h2>{g.name}</h2>
            <span class="dim mono wrap">{g.file}</span>
            <span class="grow" />
            <span class="dim">
              {plural(g.rules.length, 'rule')} · every {humanSeconds(g.interval)} · ran <Ago at={g.lastEvaluation} /> ·
              took {humanSeconds(g.evaluationTime)}
            </span>
          </header>
          <table class="cards fixed">
            <thead>
              <tr>
                <th class="s">Health</th>
                <th>Rule</th>
                <th class="w">Expression</th>
                <th class="num s">Last run</th>
                <th class="num s">Took</th>
              </tr>
            </thead>
            <tbody>
              {g.rules.map((r, i) => (
                <RuleRow key={`${i} ${r.name}`} rule={r} />
              ))}
            </tbody>
          </table>
        </section>
      ))}
      {more}
    </>
  );
}

function RuleRow({ rule }: { rule: Rule }) {
  return (
    <tr tabIndex={0} data-testid="rule" data-health={rule.health} data-name={rule.name}>
      <td data-l="Health">
        <State tone={healthTone(rule.health)}>{WORDS[rule.health] ?? rule.health}</State>
      </td>
      <td data-l="Rule">
        <div class="row">
          <span class="kind">{rule.type === 'alerting' ? 'alert' : 'record'}</span>
          <a
            class="wrap"
            href={
              rule.type === 'alerting'
                ? `alerts?search=${encodeURIComponent(rule.name)}`
                : queryLink(rule.name, 'graph')
            }
          >
            {rule.name}
          </a>
        </div>
        {rule.labels && Object.keys(rule.labels).length > 0 && (
          <div>
            <Chips labels={rule.labels} />
          </div>
        )}
      </td>
      <td data-l="Expression" class="grow">
        <a class="mono wrap" href={queryLink(rule.query)}>
          {rule.query}
        </a>{' '}
        {(rule.duration ?? 0) > 0 && <span class="dim">for {humanSeconds(rule.duration ?? 0)}</span>}
        {rule.lastError && (
          <div class="bad mono wrap">
            {rule.lastError} <Copy text={rule.lastError} />
          </div>
        )}
      </td>
      <td class="num" data-l="Last run">
        <Ago at={rule.lastEvaluation} />
      </td>
      <td class="num" data-l="Took">
        {humanSeconds(rule.evaluationTime)}
      </td>
    </tr>
  );
}
