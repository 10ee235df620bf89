import { useState } from 'preact/hooks';
import { Copy, Dialog } from '../ui';
import { compares, labelFor, nameFor, ruleYaml, wrongWith, type Draft } from './ruledraft';

const FIELDS = [
  { id: 'name', label: 'Name' },
  { id: 'hold', label: 'For' },
  { id: 'severity', label: 'Severity' },
  { id: 'summary', label: 'Summary' },
  { id: 'description', label: 'Description' },
] as const;

/** An alert rule drafted from a query, to copy into a file of rules. */
export function RuleDialog({ expr, onClose }: { expr: string; onClose: () => void }) {
  const [draft, setDraft] = useState<Draft>(() => ({
    name: nameFor(expr),
    expr,
    hold: '5m',
    severity: 'warning',
    summary: `${nameFor(expr)} of {{ $labels.${labelFor(expr)} }}`,
    description: 'The value is {{ $value }}.',
  }));
  const wrong = wrongWith(draft);
  const yaml = ruleYaml(draft);
  return (
    <Dialog title="Draft an alert rule" onClose={onClose} wide>
      {!compares(expr) && (
        <p class="note warn">
          The query compares nothing, so the alert fires for every series it has. Add a threshold such as{' '}
          <code>&gt; 0</code>.
        </p>
      )}
      <div class="draft">
        {FIELDS.map((f) => (
          <label key={f.id}>
            {f.label}
            <input
              value={draft[f.id]}
              maxLength={2000}
              data-testid={`rule-${f.id}`}
              onInput={(e) => setDraft({ ...draft, [f.id]: e.currentTarget.value })}
            />
          </label>
        ))}
      </div>
      {wrong !== '' && (
        <p class="note bad" role="alert">
          {wrong}
        </p>
      )}
      <pre class="card code" tabIndex={0} data-testid="rule-yaml">
        {yaml}
      </pre>
      <p class="dim">
        Save it as <code>drafts.yml</code>, test it with <code>narthex check rules drafts.yml</code>, then name the file
        in <code>rule_files</code> and reload the configuration.
      </p>
      <div class="actions">{wrong === '' && <Copy text={yaml} label="Copy YAML" />}</div>
    </Dialog>
  );
}
