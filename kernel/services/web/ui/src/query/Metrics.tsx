import { useMemo, useState } from 'preact/hooks';
import { useApi } from '../lib/api';
import { Dialog, ErrorBox, matches, Skeleton, useMore } from '../ui';

type Metadata = Record<string, { type: string; help: string; unit: string }[]>;

/** All metrics of the server with type and help; a click inserts one into the query. */
export function Metrics({ onClose, onPick }: { onClose: () => void; onPick: (name: string) => void }) {
  const names = useApi<string[]>('label/__name__/values');
  const meta = useApi<Metadata>('metadata', { limit_per_metric: '1' });
  const [text, setText] = useState('');
  const found = useMemo(() => {
    const about = meta.answer?.data ?? {};
    return (names.answer?.data ?? [])
      .map((name) => ({ name, ...(about[name] ?? about[name.replace(/_(?:bucket|count|sum|total)$/, '')])?.[0] }))
      .filter((m) => text === '' || matches(text, `${m.name} ${m.type ?? ''} ${m.help ?? ''}`));
  }, [names.answer, meta.answer, text]);
  const [n, more] = useMore(found.length, 100);
  return (
    <Dialog title="Metrics" onClose={onClose} wide>
      <input
        type="search"
        class="palette"
        autofocus
        placeholder="Words in the name or its help"
        aria-label="Search metrics"
        data-testid="metrics-search"
        value={text}
        onInput={(e) => setText(e.currentTarget.value)}
      />
      {names.error && <ErrorBox error={names.error} retry={names.reload} />}
      {!names.answer && names.loading && <Skeleton />}
      <div class="tablewrap">
        <table>
          <tbody>
            {found.slice(0, n).map((m) => (
              <tr key={m.name} data-testid="metric">
                <td class="mono wrap">
                  <button type="button" class="part mono wrap" onClick={() => onPick(m.name)}>
                    {m.name}
                  </button>
                  <div class="dim plain">{m.help}</div>
                </td>
                <td class="dim">{m.type}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {names.answer && found.length === 0 && <p class="more">No metric has these words in its name or help.</p>}
      </div>
      {more}
    </Dialog>
  );
}
