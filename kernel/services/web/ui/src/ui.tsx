/** Small components that all pages share. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { setToken, type ApiError, type Loaded } from './lib/api';
import { ago, csv, labelPairs, quote, stamp, type Labels, zoneWord } from './lib/format';
import { place, setParams } from './lib/router';
import { loginPage } from './lib/session';
import { useStore, zone } from './lib/store';

const PATHS = {
  home: 'M4 11l8-7 8 7M6 10v10h4v-6h4v6h4V10',
  dashboards: 'M4 4h7v9H4zM13 4h7v5h-7zM13 11h7v9h-7zM4 15h7v5H4z',
  explore: 'M3 17l5-6 4 3 6-9M3 21h18',
  alerts: 'M12 3a6 6 0 0 0-6 6v4l-2 4h16l-2-4V9a6 6 0 0 0-6-6M10 20a2 2 0 0 0 4 0',
  rules: 'M4 6h10M4 12h16M4 18h7M17 4v4M11 16v4',
  targets: 'M12 3v4M12 17v4M3 12h4M17 12h4M12 7a5 5 0 1 0 0 10a5 5 0 0 0 0-10M12 11.5v1',
  system: 'M4 5h16v6H4zM4 13h16v6H4zM7.5 8h.01M7.5 16h.01',
  plugins: 'M9 3v5M15 3v5M6 8h12v4a6 6 0 0 1-12 0zM12 18v3',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13M15.5 15.5L21 21',
  refresh: 'M20 11a8 8 0 1 0-1 5M20 4v7h-7',
  sun: 'M12 8a4 4 0 1 0 0 8a4 4 0 0 0 0-8M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M5 19l2-2M17 7l2-2',
  moon: 'M20 14A8 8 0 0 1 10 4a8 8 0 1 0 10 10',
  auto: 'M12 4a8 8 0 1 0 0 16a8 8 0 0 0 0-16M12 4v16M12 8h5M12 12h8M12 16h5',
  help: 'M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 18v.01',
  close: 'M6 6l12 12M18 6L6 18',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  down: 'M6 9l6 6 6-6',
  upload: 'M12 16V4M7 9l5-5 5 5M4 16v4h16v-4',
  left: 'M15 6l-6 6 6 6',
  right: 'M9 6l6 6-6 6',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

export type Tone = 'good' | 'bad' | 'warn' | 'mute' | 'info';
const SHAPES: Record<Tone, string> = { good: '●', bad: '▲', warn: '◆', mute: '○', info: '■' };

/** A state as shape and word, never colour alone. */
export function State({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return (
    <span class={`state ${tone}`}>
      <i aria-hidden="true">{SHAPES[tone]}</i>
      {children}
    </span>
  );
}

export function healthTone(health: string): Tone {
  switch (health) {
    case 'up':
    case 'ok':
      return 'good';
    case 'down':
    case 'err':
      return 'bad';
    default:
      return 'mute';
  }
}

/** Loading and error states; children only after a response. */
export function Await<T>({ load, children }: { load: Loaded<T>; children: (data: T) => ComponentChildren }) {
  return (
    <>
      {load.error && <ErrorBox error={load.error} retry={load.reload} />}
      {load.answer ? children(load.answer.data) : load.loading && <Skeleton />}
    </>
  );
}

export function Skeleton() {
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      <i />
      <i />
      <i />
      <i />
    </div>
  );
}

export function TokenForm({ onSet }: { onSet: () => void }) {
  const [value, setValue] = useState('');
  return (
    <form
      class="token"
      onSubmit={(e) => {
        e.preventDefault();
        setToken(value.trim());
        onSet();
      }}
    >
      <label>
        Token
        <input
          type="password"
          autocomplete="off"
          autofocus
          required
          value={value}
          data-testid="token"
          onInput={(e) => setValue(e.currentTarget.value)}
        />
      </label>
      <p class="dim">
        The first start of the server wrote one to admin.token in its state folder. It is kept until this tab is closed.
      </p>
      <div class="actions">
        <button type="submit" class="primary" data-testid="token-submit">
          Use token
        </button>
      </div>
    </form>
  );
}

export function ErrorBox({ error, retry }: { error: ApiError; retry?: () => void }) {
  const tone = error.kind === 'not_ready' ? 'warn' : 'bad';
  const [given, setGiven] = useState(false);
  return (
    <div class={`note ${tone}`} role="alert" data-testid="error">
      <p>
        <State tone={tone}>{error.kind === 'not_ready' ? 'Not ready' : 'Error'}</State>{' '}
        <span class="mono wrap">{error.message}</span>
      </p>
      {error.hint !== '' && <p class="dim">{error.hint}</p>}
      {error.raw !== '' && (
        <details>
          <summary>Response as received</summary>
          <pre tabIndex={0}>{error.raw}</pre>
        </details>
      )}
      {error.kind === 'login' && (
        <p>
          <a href={loginPage()}>Log in</a>, or use a token here:
        </p>
      )}
      {error.kind === 'login' && !given && <TokenForm onSet={() => (retry ? retry() : setGiven(true))} />}
      {given && <p class="dim">The token is kept until this tab is closed; repeat the action.</p>}
      {retry && (
        <button type="button" class="small" onClick={retry}>
          Retry
        </button>
      )}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty" data-testid="empty">
      <b>{title}</b>
      {children && <p>{children}</p>}
    </div>
  );
}

/** Labels as chips; a click passes the matcher to the handler. */
export function Chips({
  labels,
  except,
  onPick,
}: {
  labels: Labels;
  except?: readonly string[];
  onPick?: (matcher: string) => void;
}) {
  const pairs = labelPairs(labels).filter(([k]) => !except?.includes(k));
  return (
    <span class="chips">
      {pairs.map(([k, v]) =>
        onPick ? (
          <button
            type="button"
            class="chip"
            key={k}
            title={`Filter by ${k}=${quote(v)}`}
            onClick={() => onPick(`${k}=${quote(v)}`)}
          >
            {k}=<b>{v}</b>
          </button>
        ) : (
          <span class="chip" key={k}>
            {k}=<b>{v}</b>
          </span>
        ),
      )}
    </span>
  );
}

/** Relative time, exact on hover. */
export function Ago({ at }: { at: string | number | undefined }) {
  const z = useStore(zone);
  const ms = typeof at === 'number' ? at : Date.parse(at ?? '');
  if (!(ms > 0)) return <span class="dim">never</span>;
  return (
    <time dateTime={new Date(ms).toISOString()} title={`${stamp(ms, z)} ${zoneWord(z)}`}>
      {ago(ms, Date.now())}
    </time>
  );
}

/** Exact time, next to the relative one. */
export function Moment({ at }: { at: string | number | undefined }) {
  const z = useStore(zone);
  const ms = typeof at === 'number' ? at : Date.parse(at ?? '');
  if (!(ms > 0)) return <span class="dim">never</span>;
  return (
    <span>
      {stamp(ms, z)} {zoneWord(z)} <span class="dim">({ago(ms, Date.now())})</span>
    </span>
  );
}

export function Copy({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [done, setDone] = useState(false);
  const copy = () => {
    copyText(text).then(
      () => {
        setDone(true);
        setTimeout(() => setDone(false), 1500);
      },
      () => setDone(false),
    );
  };
  return (
    <button type="button" class="small quiet" onClick={copy} aria-live="polite">
      <Icon name="copy" />
      {done ? 'Copied' : label}
    </button>
  );
}

/** The clipboard API exists only in secure contexts; plain HTTP needs the old way. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
  return undefined;
}

export function saveCsv(name: string, rows: readonly (readonly string[])[]): void {
  const url = URL.createObjectURL(new Blob([csv(rows)], { type: 'text/csv' }));
  const a = document.createElement('a');
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A parameter of the URL as state. */
export function useParam(name: string): [string, (value: string) => void] {
  const p = useStore(place);
  return [new URLSearchParams(p.search).get(name) ?? '', (value) => setParams({ [name]: value })];
}

export function Filter({ value, onChange, label }: { value: string; onChange: (v: string) => void; label: string }) {
  return (
    <label class="filter">
      <Icon name="search" />
      <input
        type="search"
        value={value}
        placeholder={label}
        aria-label={label}
        data-testid="filter"
        data-slash
        onInput={(e) => onChange(e.currentTarget.value)}
      />
    </label>
  );
}

/** Words that must all occur, in any order and case. */
export function matches(filter: string, text: string): boolean {
  return has(wordsOf(filter), text.toLowerCase());
}

/** The text in which a filter looks for an item, lower-case, made once for each. */
export function kept<T extends object>(make: (item: T) => string): (item: T) => string {
  const texts = new WeakMap<T, string>();
  return (item) => {
    let text = texts.get(item);
    if (text === undefined) {
      text = make(item).toLowerCase();
      texts.set(item, text);
    }
    return text;
  };
}

/** Words of a filter, all of which must occur in a lower-case text. */
export function wordsOf(filter: string): readonly string[] {
  return filter
    .toLowerCase()
    .split(/\s+/)
    .filter((w) => w !== '');
}

export function has(words: readonly string[], text: string): boolean {
  return words.every((w) => text.includes(w));
}

export interface Choice {
  readonly id: string;
  readonly label: ComponentChildren;
  readonly count?: number;
}

/** Toggles of which any number may be on; none means all. */
export function Toggles({
  choices,
  value,
  onChange,
  label,
}: {
  choices: readonly Choice[];
  value: string;
  onChange: (v: string) => void;
  label: string;
}) {
  const on = new Set(value.split(',').filter((v) => v !== ''));
  const flip = (id: string) => {
    const next = new Set(on);
    if (!next.delete(id)) next.add(id);
    onChange([...next].join(','));
  };
  return (
    <span class="toggles" role="group" aria-label={label}>
      {choices.map((c) => (
        <button
          type="button"
          key={c.id}
          aria-pressed={on.has(c.id)}
          data-testid={`toggle-${c.id}`}
          onClick={() => flip(c.id)}
        >
          {c.label}
          {c.count !== undefined && <span class="count">{c.count}</span>}
        </button>
      ))}
    </span>
  );
}

/** One of several. */
export function Segments<T extends string>({
  choices,
  value,
  onChange,
  label,
}: {
  choices: readonly { id: T; label: string }[];
  value: T;
  onChange: (v: T) => void;
  label: string;
}) {
  return (
    <span class="toggles" role="group" aria-label={label}>
      {choices.map((c) => (
        <button
          type="button"
          key={c.id}
          aria-pressed={c.id === value}
          data-testid={`${label.toLowerCase().replace(/\W+/g, '-')}-${c.id}`}
          onClick={() => onChange(c.id)}
        >
          {c.label}
        </button>
      ))}
    </span>
  );
}

/** Rows shown at first, the rest on request. */
export function useMore(total: number, first: number): [number, JSX.Element | null] {
  const [shown, setShown] = useState(first);
  if (total <= shown) return [total, null];
  return [
    shown,
    <p class="more">
      Showing {shown} of {total.toLocaleString('en')}.{' '}
      <button type="button" class="small" onClick={() => setShown(total)}>
        Show all
      </button>
    </p>,
  ];
}

/** A modal dialog; closes with Esc or a click outside. */
export function Dialog({
  title,
  onClose,
  children,
  wide,
}: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    ref.current?.showModal();
  }, []);
  return (
    <dialog
      ref={ref}
      class={wide ? 'wide' : ''}
      onClose={onClose}
      onClick={(e) => e.target === e.currentTarget && ref.current?.close()}
      aria-label={title}
    >
      <div class="dialog">
        <header>
          <h2>{title}</h2>
          <button type="button" class="small quiet" aria-label="Close" onClick={() => ref.current?.close()}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** Name and value, one per line. */
export function Facts({ rows }: { rows: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {rows.map(([k, v]) => (
        <div key={k}>
          <dt>{k}</dt>
          <dd>{v}</dd>
        </div>
      ))}
    </dl>
  );
}
