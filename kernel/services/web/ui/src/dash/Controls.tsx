/** Controls of the variables of a dashboard. */
import { useEffect, useState } from 'preact/hooks';
import { ALL } from './interpolate';
import type { Chosen, Option } from './model';
import { Popover } from './Popover';

/** Options listed at a time; typing narrows them. */
const LISTED = 200;
/** Lists up to this length are plain selects. */
const SHORT = 40;

interface Props {
  readonly chosen: readonly Chosen[];
  readonly onChange: (name: string, values: readonly string[]) => void;
}

export function Variables({ chosen, onChange }: Props) {
  const shown = chosen.filter(
    (c) => c.variable.hide !== 2 && !['datasource', 'constant', 'unknown'].includes(c.variable.kind),
  );
  if (shown.length === 0) return null;
  return (
    <div class="dvars" data-testid="variables">
      {shown.map((c) => (
        <span class="dvar" key={c.variable.name} data-testid="variable" data-name={c.variable.name}>
          {c.variable.hide === 0 && <span class="dvarname">{c.variable.label || c.variable.name}</span>}
          <Control chosen={c} onChange={(values) => onChange(c.variable.name, values)} />
          {c.error !== '' && (
            <span class="state bad" role="alert" title={c.error}>
              <i aria-hidden="true">▲</i>
              <span class="derror">{c.error}</span>
            </span>
          )}
        </span>
      ))}
    </div>
  );
}

function Control({ chosen, onChange }: { chosen: Chosen; onChange: (values: readonly string[]) => void }) {
  const { variable: v, options, values } = chosen;
  const label = v.label || v.name;
  if (v.kind === 'textbox') return <TextBox label={label} value={values[0] ?? ''} onChange={(t) => onChange([t])} />;
  if (v.kind === 'adhoc')
    return (
      <TextBox
        label={label}
        value={values.join(' ')}
        onChange={(t) => onChange(t.split(/\s+/).filter((x) => x !== ''))}
      />
    );
  const all: Option[] = v.includeAll ? [{ text: 'All', value: ALL }] : [];
  const listed = [...all, ...options.filter((o) => o.value !== ALL)];
  if (!v.multi && listed.length <= SHORT) {
    const value = values[0] ?? '';
    const known = listed.some((o) => o.value === value);
    return (
      <select aria-label={label} value={value} onChange={(e) => onChange([e.currentTarget.value])}>
        {!known && (
          <option value={value}>{value === '' ? (listed.length === 0 ? 'nothing found' : 'none') : value}</option>
        )}
        {listed.map((o) => (
          <option key={o.value} value={o.value}>
            {o.text}
          </option>
        ))}
      </select>
    );
  }
  return <Many label={label} listed={listed} values={values} multi={v.multi} onChange={onChange} />;
}

function TextBox({ label, value, onChange }: { label: string; value: string; onChange: (v: string) => void }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const done = () => text !== value && onChange(text);
  return (
    <input
      aria-label={label}
      value={text}
      onInput={(e) => setText(e.currentTarget.value)}
      onBlur={done}
      onKeyDown={(e) => e.key === 'Enter' && done()}
    />
  );
}

interface ManyProps {
  readonly label: string;
  readonly listed: readonly Option[];
  readonly values: readonly string[];
  readonly multi: boolean;
  readonly onChange: (values: readonly string[]) => void;
}

/** A list to search in; several may be taken, which takes effect when it closes. */
function Many({ label, listed: given, values, multi, onChange }: ManyProps) {
  const unlisted = values.filter((v) => !given.some((o) => o.value === v));
  const listed = unlisted.length === 0 ? given : [...given, ...unlisted.map((v) => ({ text: v, value: v }))];
  const [picked, setPicked] = useState<readonly string[]>(values);
  const [find, setFind] = useState('');
  useEffect(() => setPicked(values), [JSON.stringify(values)]);
  const low = find.trim().toLowerCase();
  const found = low === '' ? listed : listed.filter((o) => o.text.toLowerCase().includes(low));
  const text = (list: readonly string[]) => {
    const names = list.slice(0, 3).map((x) => (x === ALL ? 'All' : (listed.find((o) => o.value === x)?.text ?? x)));
    return list.length === 0 ? 'none' : `${names.join(' + ')}${list.length > 3 ? ` + ${list.length - 3}` : ''}`;
  };
  const finish = () => {
    setFind('');
    if (!multi || JSON.stringify(picked) === JSON.stringify(values)) return;
    if (picked.length > 0) onChange(picked);
    else if (listed[0]?.value === ALL) onChange([ALL]);
    else setPicked(values);
  };
  const flip = (value: string) => {
    if (value === ALL) return setPicked([ALL]);
    const rest = picked.filter((x) => x !== ALL && x !== value);
    return setPicked(picked.includes(value) ? rest : [...rest, value]);
  };
  return (
    <Popover
      label={`${label}: ${text(values)}`}
      text={<span class="dvalue">{text(values)}</span>}
      class="dmany"
      onClose={finish}
    >
      {(close) => (
        <>
          <input
            type="search"
            data-first
            aria-label={`Search in ${label}`}
            placeholder="Search"
            value={find}
            onInput={(e) => setFind(e.currentTarget.value)}
            onKeyDown={(e) => {
              const first = found[0];
              if (e.key !== 'Enter' || first === undefined) return;
              if (multi) flip(first.value);
              else {
                close();
                onChange([first.value]);
              }
            }}
          />
          <ul role="group" aria-label={label}>
            {found.slice(0, LISTED).map((o) => (
              <li key={o.value}>
                {multi ? (
                  <label class="item">
                    <input type="checkbox" checked={picked.includes(o.value)} onChange={() => flip(o.value)} />
                    <span class="wrap">{o.text}</span>
                  </label>
                ) : (
                  <button
                    type="button"
                    aria-pressed={values.includes(o.value)}
                    onClick={() => {
                      close();
                      onChange([o.value]);
                    }}
                  >
                    {o.text}
                  </button>
                )}
              </li>
            ))}
            {found.length === 0 && <li class="dim item">nothing found</li>}
            {found.length > LISTED && (
              <li class="dim item">{(found.length - LISTED).toLocaleString('en')} more; type to narrow</li>
            )}
          </ul>
          {multi && (
            <button type="button" class="small" onClick={close}>
              Apply
            </button>
          )}
        </>
      )}
    </Popover>
  );
}
