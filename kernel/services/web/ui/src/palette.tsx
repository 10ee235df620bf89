import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { api, type RuleGroup } from './lib/api';
import { quote, seriesName } from './lib/format';
import { overlay } from './lib/keys';
import { navigate } from './lib/router';
import { useSearch, type Found } from './lib/search';
import { theme, useStore, zone, contrast } from './lib/store';
import { queryLink } from './lib/urlstate';
import { PAGES } from './pages';
import { Dialog, matches, Segments } from './ui';

interface Entry {
  readonly kind: string;
  readonly text: string;
  readonly to: string;
}

const PAGE_ENTRIES: readonly Entry[] = PAGES.flatMap((p) => {
  const own: Entry[] = p.find === undefined ? [] : [{ kind: 'page', text: p.find, to: p.path }];
  return p.path === 'silences' ? [...own, { kind: 'page', text: 'New silence', to: 'silences?new=1' }] : own;
});

function entriesOf(found: Found): Entry[] {
  const name = (label: string) => (/^[a-zA-Z_]\w*$/.test(label) ? label : quote(label));
  return [
    ...found.metrics.map((m) => ({
      kind: 'metric',
      text: m.name,
      to: queryLink(seriesName({ __name__: m.name }), 'graph'),
    })),
    ...found.labels.map((l) => ({
      kind: 'label',
      text: l.name,
      to: queryLink(`count by (${name(l.name)}) ({${name(l.name)}!=""})`),
    })),
    ...found.values.map((v) => ({
      kind: 'value',
      text: `${v.label}=${quote(v.value)}`,
      to: queryLink(`{${name(v.label)}=${quote(v.value)}}`),
    })),
  ];
}

/** Ctrl/Cmd-K: pages, metrics, alerts, rules and scrape pools by name; what the server finds for the words. */
export function Palette() {
  const [text, setText] = useState('');
  const [entries, setEntries] = useState<readonly Entry[]>(PAGE_ENTRIES);
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    const abort = new AbortController();
    const add = (more: Entry[]) => setEntries((e) => e.concat(more));
    api<string[]>('label/__name__/values', {}, abort.signal).then(
      (a) => add(a.data.map((m) => ({ kind: 'metric', text: m, to: queryLink(m, 'graph') }))),
      () => undefined,
    );
    api<{ scrapePools: string[] }>('scrape_pools', {}, abort.signal).then(
      (a) =>
        add(
          a.data.scrapePools.map((p) => ({
            kind: 'scrape pool',
            text: p,
            to: `targets?pool=${encodeURIComponent(p)}`,
          })),
        ),
      () => undefined,
    );
    api<{ groups: RuleGroup[] }>('rules', {}, abort.signal).then(
      (a) => {
        const rules = a.data.groups.flatMap((g) => g.rules);
        const unique = new Map(rules.map((r) => [`${r.type} ${r.name}`, r]));
        add(
          [...unique.values()].map((r) => ({
            kind: r.type === 'alerting' ? 'alert' : 'rule',
            text: r.name,
            to: `${r.type === 'alerting' ? 'alerts' : 'rules'}?search=${encodeURIComponent(r.name)}`,
          })),
        );
      },
      () => undefined,
    );
    return () => abort.abort();
  }, []);
  const search = useSearch(text, 20);
  const remote = useMemo(() => (search.found ? entriesOf(search.found) : []), [search]);
  const found = useMemo(() => {
    const f = text.trim();
    if (f === '') return PAGE_ENTRIES;
    const hits = entries.filter((e) => matches(f, `${e.text} ${e.kind}`));
    const low = f.toLowerCase();
    const rank = (e: Entry) =>
      (e.text.toLowerCase() === low ? 0 : e.text.toLowerCase().startsWith(low) ? 1 : 2) +
      (e.kind === 'page' ? -0.5 : 0);
    const local = hits.sort((a, b) => rank(a) - rank(b) || a.text.length - b.text.length).slice(0, 60);
    const known = new Set(local.map((e) => `${e.kind} ${e.text}`));
    // What the server finds in helps, labels and values comes after what is found by name.
    return local.concat(remote.filter((e) => !known.has(`${e.kind} ${e.text}`)));
  }, [text, entries, remote]);
  const close = () => overlay.set('none');
  const go = (e: Entry | undefined) => {
    if (!e) return;
    close();
    navigate(e.to);
  };
  const move = (to: number) => {
    const next = Math.max(0, Math.min(found.length - 1, to));
    setAt(next);
    list.current?.children[next]?.scrollIntoView({ block: 'nearest' });
  };
  return (
    <Dialog title="Search" onClose={close}>
      <input
        type="search"
        class="palette"
        autofocus
        placeholder="Page, metric, alert, rule, scrape pool"
        aria-label="Search"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={`palette-${at}`}
        value={text}
        onInput={(e) => {
          setText(e.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={(e) => {
          if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
            e.preventDefault();
            move(at + (e.key === 'ArrowDown' ? 1 : -1));
          } else if (e.key === 'Enter') go(found[at]);
        }}
      />
      <ul class="palette-list" id="palette-list" role="listbox" ref={list}>
        {found.map((e, i) => (
          <li
            key={`${e.kind} ${e.text}`}
            id={`palette-${i}`}
            role="option"
            aria-selected={i === at}
            onMouseMove={() => setAt(i)}
            onClick={() => go(e)}
          >
            <span class={e.kind === 'page' ? '' : 'mono'}>{e.text}</span>
            <span class="dim">{e.kind}</span>
          </li>
        ))}
        {found.length === 0 && <li class="dim">Nothing is called that.</li>}
      </ul>
    </Dialog>
  );
}

const KEYS: readonly [string, string][] = [
  ['/', 'Go to the query or the filter'],
  ['Enter', 'Run the query'],
  ['Shift Enter', 'New line in the query'],
  ['Ctrl K', 'Search everything'],
  ...PAGES.flatMap((p): [string, string][] => (p.key ? [[`g ${p.key[0]}`, p.key[1]]] : [])),
  ['↑ ↓', 'Move between rows of a table'],
  ['Esc', 'Close'],
  ['?', 'This help'],
];

export function Help() {
  const t = useStore(theme);
  const z = useStore(zone);
  const c = useStore(contrast);
  return (
    <Dialog title="Keyboard and settings" onClose={() => overlay.set('none')}>
      <dl class="keys">
        {KEYS.map(([k, what]) => (
          <div key={k}>
            <dt>
              <kbd>{k}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p class="row">
        Theme
        <Segments
          label="Theme"
          value={t}
          onChange={(v) => theme.set(v)}
          choices={[
            { id: 'auto', label: 'System' },
            { id: 'light', label: 'Light' },
            { id: 'dark', label: 'Dark' },
          ]}
        />
      </p>
      <p class="row">
        Contrast
        <Segments
          label="Contrast"
          value={c}
          onChange={(v) => contrast.set(v)}
          choices={[
            { id: 'auto', label: 'System' },
            { id: 'more', label: 'High' },
          ]}
        />
      </p>
      <label class="row">
        Times
        <select value={z} data-testid="zone" onChange={(e) => zone.set(e.currentTarget.value)}>
          <option value="local">Local</option>
          <option value="utc">UTC</option>
          {Intl.supportedValuesOf('timeZone').map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </Dialog>
  );
}
