/** The data of a panel as it is: values, queries, and the panel itself. */
import { useMemo, useState } from 'preact/hooks';
import { humanSeconds, stamp, type Zone } from '../lib/format';
import { Copy, Dialog, Segments, saveCsv, useMore } from '../ui';
import type { Frame, Panel, PanelData } from './model';

interface Props {
  readonly title: string;
  readonly panel: Panel;
  readonly data: PanelData;
  readonly dark: boolean;
  readonly zone: Zone;
  readonly onClose: () => void;
}

type Tab = 'data' | 'queries' | 'json';

export function Inspect({ title, panel, data, zone, onClose }: Props) {
  const [tab, setTab] = useState<Tab>('data');
  return (
    <Dialog title={`Inspect: ${title || `panel ${panel.id}`}`} onClose={onClose} wide>
      <Segments<Tab>
        label="Inspect"
        value={tab}
        onChange={setTab}
        choices={[
          { id: 'data', label: 'Data' },
          { id: 'queries', label: 'Queries' },
          { id: 'json', label: 'JSON' },
        ]}
      />
      {tab === 'data' && <Data data={data} zone={zone} name={title || `panel-${panel.id}`} />}
      {tab === 'queries' && <Queries data={data} zone={zone} />}
      {tab === 'json' && <Json panel={panel} />}
    </Dialog>
  );
}

function Data({ data, zone, name }: { data: PanelData; zone: Zone; name: string }) {
  const [at, setAt] = useState(0);
  const frame: Frame | undefined = data.frames[at] ?? data.frames[0];
  const [n, more] = useMore(frame?.length ?? 0, 100);
  if (frame === undefined) return <p class="dim">There is no data.</p>;
  const exact = (type: string, v: number | string | null | undefined) =>
    v === null || v === undefined
      ? ''
      : type === 'time' && typeof v === 'number'
        ? new Date(v).toISOString()
        : String(v);
  const save = () =>
    saveCsv(`${name.replace(/[^\w-]+/g, '_').slice(0, 60)}.csv`, [
      frame.fields.map((f) => f.display),
      ...Array.from({ length: frame.length }, (_, i) => frame.fields.map((f) => exact(f.type, f.values[i]))),
    ]);
  return (
    <>
      <div class="toolbar">
        {data.frames.length > 1 && (
          <select aria-label="Series" value={String(at)} onChange={(e) => setAt(Number(e.currentTarget.value))}>
            {data.frames.slice(0, 1000).map((f, i) => (
              <option key={i} value={String(i)}>
                {f.refId} {f.fields.find((x) => x.type === 'number')?.display ?? f.name}
              </option>
            ))}
          </select>
        )}
        <span class="dim">
          {frame.length.toLocaleString('en')} rows, {frame.fields.length} columns
        </span>
        <span class="grow" />
        <button type="button" class="small" onClick={save}>
          CSV
        </button>
      </div>
      <div class="tablewrap">
        <table data-testid="inspect-table">
          <thead>
            <tr>
              {frame.fields.map((f, i) => (
                <th key={i} class={f.type === 'number' ? 'num' : ''}>
                  {f.display}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: n }, (_, i) => (
              <tr key={i}>
                {frame.fields.map((f, k) => (
                  <td key={k} class={f.type === 'number' ? 'num' : 'wrap'}>
                    {f.type === 'time' && typeof f.values[i] === 'number'
                      ? stamp(f.values[i], zone)
                      : exact(f.type, f.values[i])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {more}
    </>
  );
}

function Queries({ data, zone }: { data: PanelData; zone: Zone }) {
  if (data.asked.length === 0) return <p class="dim">The panel has asked nothing.</p>;
  return (
    <div class="tablewrap">
      {data.asked.map((a, i) => (
        <div class="dasked" key={i}>
          <p class="row">
            <b>{a.refId}</b>
            <span class="dim">
              {a.instant
                ? `at ${stamp(a.startMs, zone)}`
                : `${stamp(a.startMs, zone)} … ${stamp(a.endMs, zone)}, step ${humanSeconds(a.stepMs / 1000)}`}
            </span>
            <span>{a.error === '' ? `${(a.series ?? 0).toLocaleString('en')} series` : ''}</span>
            <span class="grow" />
            <Copy text={a.expr} />
          </p>
          <pre class="wrap">{a.expr}</pre>
          {a.error !== '' && <p class="bad wrap">{a.error}</p>}
        </div>
      ))}
    </div>
  );
}

function Json({ panel }: { panel: Panel }) {
  const text = useMemo(() => JSON.stringify(panel, null, 2), [panel]);
  return (
    <>
      <div class="toolbar">
        <span class="grow" />
        <Copy text={text} />
      </div>
      <pre class="code tablewrap" tabIndex={0}>
        {text.slice(0, 200_000)}
      </pre>
    </>
  );
}
