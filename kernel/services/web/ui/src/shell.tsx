import { zoneWord } from './lib/format';
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { api, type Alert } from './lib/api';
import { overlay } from './lib/keys';
import { firing, liveState, useTopics } from './lib/live';
import { navigate, place, redirect } from './lib/router';
import { logOut, loginPage, readSession, session } from './lib/session';
import { refreshEvery, refreshTick, theme, useStore, zone, type Theme } from './lib/store';
import { Icon, State, type IconName } from './ui';
import { Help, Palette } from './palette';
import { StatusStrip } from './strip';
import { pageAt, PAGES, SECTIONS, type Chunk, type Page } from './pages';

export function App() {
  const at = useStore(place);
  const open = useStore(overlay);
  useEffect(() => {
    const to = redirect(at);
    if (to !== null) navigate(to, true);
  }, [at]);
  useEffect(() => void readSession(), []);
  const page = pageAt(at.path);
  useEffect(() => {
    document.title = page ? `${page.title} · Narthex` : 'Narthex';
  }, [page]);
  const chunk = page && typeof page.view === 'object' ? page.view : null;
  const View = page && typeof page.view !== 'object' ? page.view : Missing;
  return (
    <div class="shell">
      <a
        class="skip"
        href="#main"
        onClick={(e) => {
          e.preventDefault();
          document.querySelector<HTMLElement>('main')?.focus();
        }}
      >
        Skip to content
      </a>
      <Rail section={page?.section ?? ''} />
      <div class="body">
        <TopLine page={page} path={at.path} />
        <StatusStrip />
        <main id="main" tabIndex={-1} key={chunk?.id ?? at.path}>
          {page ? chunk ? <Lazy chunk={chunk} /> : <View /> : at.path !== '' && <Missing path={at.path} />}
        </main>
      </div>
      {open === 'help' && <Help />}
      {open === 'palette' && <Palette />}
    </div>
  );
}

function Rail({ section }: { section: string }) {
  const firing = useFiring();
  return (
    <nav class="rail" aria-label="Pages">
      <a class="brand" href="home" aria-label="Narthex">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path class="stalk" d="M11 28V15M21 28V15" />
          <path
            class="flame"
            d="M16 4c3.4 3.2 4.6 5.4 4.6 7.7a4.6 4.6 0 0 1-9.2 0C11.4 9.9 12.5 8.7 13.6 7.6c.3 1 .8 1.6 1.5 2C15.3 7.7 15.2 6 16 4z"
          />
        </svg>
        <span>Narthex</span>
      </a>
      {SECTIONS.map((r) => (
        <a
          key={r.to}
          href={r.to}
          data-testid={`nav-${r.to}`}
          {...(r.to === section ? { 'aria-current': 'page' as const } : {})}
        >
          <Icon name={r.icon} />
          <span>{r.word}</span>
          {r.to === 'alerts' && firing > 0 && (
            <b class="badge" aria-label={`${firing} firing`}>
              {firing}
            </b>
          )}
        </a>
      ))}
    </nav>
  );
}

/** Number of firing alerts: as the server tells it, or read when it does not. */
function useFiring(): number {
  const told = useStore(firing);
  const state = useStore(liveState);
  const [n, setN] = useState(0);
  const tick = useStore(refreshTick);
  const changes = useTopics(['alerts']);
  useEffect(() => {
    if (told !== null && state === 'on') return undefined;
    const abort = new AbortController();
    api<{ alerts: Alert[] }>('alerts', {}, abort.signal).then(
      (a) => setN(a.data.alerts.filter((x) => x.state === 'firing').length),
      () => undefined,
    );
    return () => abort.abort();
  }, [tick, changes, told, state]);
  return state === 'on' ? (told ?? n) : n;
}

/** Says that changes do not arrive by themselves, only while they do not. */
function Live() {
  if (useStore(liveState) === 'on') return null;
  return (
    <span
      class="wideonly"
      title="The connection for news is interrupted; pages are read again every 30 s"
      role="status"
    >
      <State tone="mute">Not live</State>
    </span>
  );
}

const THEMES: Record<Theme, { next: Theme; icon: IconName; word: string }> = {
  auto: { next: 'light', icon: 'auto', word: 'as the system' },
  light: { next: 'dark', icon: 'sun', word: 'light' },
  dark: { next: 'auto', icon: 'moon', word: 'dark' },
};

function TopLine({ page, path }: { page: Page | undefined; path: string }) {
  const t = THEMES[useStore(theme)];
  const z = useStore(zone);
  const every = useStore(refreshEvery);
  const tabs = page ? PAGES.filter((p) => p.section === page.section && p.tab !== undefined) : [];
  return (
    <header class="top">
      <h1>{page?.title ?? 'Not found'}</h1>
      {tabs.length > 0 && (
        <nav class="tabs" aria-label={`${page?.title} pages`}>
          {tabs.map((p) => (
            <a key={p.path} href={p.path} {...(p.path === path ? { 'aria-current': 'page' as const } : {})}>
              {p.tab}
            </a>
          ))}
        </nav>
      )}
      <span class="grow" />
      <Live />
      <button
        type="button"
        class="quiet find"
        onClick={() => overlay.set('palette')}
        aria-label="Search pages, metrics and alerts"
        title="Search (Ctrl K)"
      >
        <Icon name="search" />
        <span class="word">Search</span>
        <kbd class="word">Ctrl K</kbd>
      </button>
      <button
        type="button"
        class="quiet"
        title="Refresh now"
        aria-label="Refresh now"
        data-testid="refresh"
        onClick={() => refreshTick.set(refreshTick.get() + 1)}
      >
        <Icon name="refresh" />
      </button>
      <select
        aria-label="Refresh every"
        title="Refresh every"
        value={String(every)}
        onChange={(e) => refreshEvery.set(Number(e.currentTarget.value))}
      >
        {[0, 5, 15, 30, 60, 300].map((s) => (
          <option key={s} value={String(s)}>
            {s === 0 ? 'Auto off' : s < 60 ? `${s} s` : `${s / 60} min`}
          </option>
        ))}
      </select>
      <button
        type="button"
        class="quiet wideonly"
        title="Time zone of all times shown"
        onClick={() => zone.set(z === 'local' ? 'utc' : 'local')}
      >
        {z === 'local' ? 'Local' : zoneWord(z)}
      </button>
      <button
        type="button"
        class="quiet"
        title={`Theme: ${t.word}`}
        aria-label={`Theme: ${t.word}; change`}
        data-testid="theme"
        onClick={() => theme.set(t.next)}
      >
        <Icon name={t.icon} />
      </button>
      <Who path={path} />
      <button
        type="button"
        class="quiet wideonly"
        title="Keyboard and settings (?)"
        aria-label="Help"
        onClick={() => overlay.set('help')}
      >
        <Icon name="help" />
      </button>
    </header>
  );
}

/** Who is logged in, with logout, or login. */
function Who({ path }: { path: string }) {
  const who = useStore(session);
  if (who === null || path === 'login') return null;
  if (who.name === undefined) {
    return (
      <a class="button quiet" href={loginPage()} data-testid="login">
        Log in
      </a>
    );
  }
  return (
    <button
      type="button"
      class="quiet"
      data-testid="logout"
      title={`${who.name}${who.role ? `, ${who.role}` : ''}: log out`}
      {...(who.csrf ? {} : { disabled: true })}
      onClick={() =>
        void logOut().then(
          () => location.assign(new URL('login', document.baseURI).href),
          () => undefined,
        )
      }
    >
      <span class="wideonly">{who.name} · </span>Log out
    </button>
  );
}

/** A page in a chunk of its own. */
function Lazy({ chunk }: { chunk: Chunk }) {
  const [view, setView] = useState<{ View: ComponentType } | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    chunk.load().then(
      (View) => setView({ View }),
      () => setFailed(true),
    );
  }, [chunk]);
  if (view) return <view.View />;
  return failed ? (
    <div class="note bad">
      <p>This page could not be loaded. The server may have been updated: reload it.</p>
    </div>
  ) : (
    <div class="panel loading" />
  );
}

function Missing({ path = '' }: { path?: string }) {
  return (
    <div class="empty">
      <b>There is no page at /{path}</b>
      <p>
        Go to <a href="home">Home</a>, or press <kbd>Ctrl K</kbd> to search.
      </p>
    </div>
  );
}
