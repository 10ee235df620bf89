import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, narthex, setToken, token, useLoad, type Plugin } from '../lib/api';
import { plural } from '../lib/format';
import { Ago, Dialog, Empty, ErrorBox, Filter, Icon, matches, Skeleton, State, useParam, type Tone } from '../ui';

/** The colour of a state, from its first word. */
export function pluginTone(state: string): Tone {
  const s = state.toLowerCase();
  if (/^(running|active|started)/.test(s)) return 'good';
  if (/^(failed|quarantined|error)/.test(s)) return 'bad';
  if (/^(degraded|needs|waiting)/.test(s)) return 'warn';
  if (/^(checking|starting|draining|stopping|updating)/.test(s)) return 'info';
  return 'mute';
}

type Act = 'enable' | 'disable' | 'rollback' | 'remove';
const VERBS: Record<Act, string> = { enable: 'Enable', disable: 'Disable', rollback: 'Undo update', remove: 'Remove' };
const ORDER: Tone[] = ['bad', 'warn', 'info', 'good', 'mute'];

interface Intent {
  readonly verb: string;
  readonly what: string;
  readonly run: () => Promise<unknown>;
}

function path(id: string): string {
  return `plugins/${encodeURIComponent(id)}`;
}

/** What is plugged in, how each part fares, and what can be done about it. */
export function PluginsPage() {
  const load = useLoad(
    async (signal) => {
      const body = await narthex<{ plugins: Plugin[] }>('plugins', { signal });
      return { data: body.plugins, warnings: [], infos: [], tookMs: 0, at: Date.now() };
    },
    ['plugins'],
  );
  const [search, setSearch] = useParam('search');
  const [intent, setIntent] = useState<Intent | null>(null);
  const [failure, setFailure] = useState<{ what: string; error: ApiError } | null>(null);
  const [done, setDone] = useState('');
  const [asking, setAsking] = useState<Intent | null>(null);
  const [busy, setBusy] = useState('');
  const picker = useRef<HTMLInputElement>(null);

  const perform = async (act: Intent) => {
    setIntent(null);
    setFailure(null);
    setDone('');
    if (token() === '') {
      setAsking(act);
      return;
    }
    setBusy(`${act.verb} …`);
    try {
      await act.run();
      setDone(`${act.verb}: done. ${act.what}`);
    } catch (e) {
      const error = e instanceof ApiError ? e : new ApiError('unknown', String(e), '', 0);
      if (error.kind === 'login') {
        setToken('');
        setAsking(act);
      }
      setFailure({ what: act.verb, error });
    }
    setBusy('');
    load.reload();
  };

  const upload = (file: File): Intent => ({
    verb: `Install ${file.name}`,
    what: `${file.name} is checked, started beside the running version if there is one, and switched to only when its self-test passes. No other plugin restarts.`,
    run: () => narthex(`plugins/upload?file=${encodeURIComponent(file.name)}`, { method: 'PUT', body: file, headers: { 'Content-Type': 'application/java-archive' } }),
  });
  const offer = (files: FileList | null | undefined) => {
    const file = files?.[0];
    if (!file) return;
    if (/\.jar$/i.test(file.name)) setIntent(upload(file));
    else setFailure({ what: 'Install', error: new ApiError('refused', `${file.name}: is not a plugin, got a file without .jar; drop the plugin's jar`, '', 0) });
  };
  const dragging = useDrop(offer);

  const act = (p: Plugin, a: Act) => {
    const n = p.instances?.length ?? 0;
    const affects = { enable: 'It starts with the present configuration.', disable: `${n > 0 ? `${plural(n, 'instance')} of it stop; what they delivered last is kept.` : 'It has no instances.'}`, rollback: 'The version before it is started, tested and switched to; this one stays at hand.', remove: `${n > 0 ? `${plural(n, 'instance')} of it stop; ` : ''}its file is taken away. Configuration that names it waits until it comes back.` }[a];
    setIntent({
      verb: `${VERBS[a]} ${p.name ?? p.id}`,
      what: `${affects} No other plugin restarts.`,
      run: () => (a === 'remove' ? narthex(path(p.id), { method: 'DELETE' }) : narthex(`${path(p.id)}/${a}`, { method: 'POST' })),
    });
  };

  const all = load.answer?.data ?? [];
  const shown = all
    .filter((p) => search === '' || matches(search, `${p.id} ${p.name ?? ''} ${p.kind ?? ''} ${p.state} ${p.reason ?? ''}`))
    .sort((a, b) => ORDER.indexOf(pluginTone(a.state)) - ORDER.indexOf(pluginTone(b.state)) || (a.name ?? a.id).localeCompare(b.name ?? b.id));
  return (
    <div class={dragging ? 'dropping' : ''} data-testid="plugins">
      <div class="toolbar">
        <Filter value={search} onChange={setSearch} label="Filter plugins" />
        <input ref={picker} type="file" accept=".jar" class="hidden" data-testid="plugin-file" onChange={(e) => { offer(e.currentTarget.files); e.currentTarget.value = ''; }} />
        <button type="button" class="primary" onClick={() => picker.current?.click()}>
          <Icon name="upload" /> Add plugin
        </button>
        <span class="dim wideonly">or drop a jar anywhere on this page</span>
        <span class="grow" />
        <TokenButton />
      </div>
      {busy !== '' && <p class="note info" role="status">{busy}</p>}
      {done !== '' && <p class="note good" role="status" data-testid="plugin-done"><State tone="good">Done</State> {done}</p>}
      {failure && (
        <div data-testid="plugin-error">
          <p class="dim">{failure.what} did not work; nothing was changed.</p>
          <ErrorBox error={failure.error} />
        </div>
      )}
      {load.error && <ErrorBox error={load.error} retry={load.reload} />}
      {load.error?.kind === 'login' && <TokenForm onSet={load.reload} />}
      {!load.answer && load.loading && <Skeleton />}
      {load.answer && all.length === 0 && <Empty title="No plugins">Drop a jar on this page, or put one into the plugins folder.</Empty>}
      {all.length > 0 && shown.length === 0 && <Empty title="No plugin matches">Clear the filter to see all {all.length}.</Empty>}
      <div class="grid">
        {shown.map((p) => (
          <Card key={p.id} plugin={p} onAct={(a) => act(p, a)} />
        ))}
      </div>
      {intent && (
        <Dialog title={intent.verb} onClose={() => setIntent(null)}>
          <p class="prose">{intent.what}</p>
          <div class="actions">
            <button type="button" onClick={() => setIntent(null)}>
              Cancel
            </button>
            <button type="button" class="primary" autofocus data-testid="confirm" onClick={() => void perform(intent)}>
              {intent.verb.split(' ')[0]}
            </button>
          </div>
        </Dialog>
      )}
      {asking && (
        <Dialog title="Token needed" onClose={() => setAsking(null)}>
          <TokenForm
            onSet={() => {
              const next = asking;
              setAsking(null);
              void perform(next);
            }}
          />
        </Dialog>
      )}
    </div>
  );
}

/** Calls back with files dropped anywhere in the window; true while some hover over it. */
function useDrop(onFiles: (files: FileList | null | undefined) => void): boolean {
  const [over, setOver] = useState(false);
  const latest = useRef(onFiles);
  latest.current = onFiles;
  useEffect(() => {
    const has = (e: DragEvent) => e.dataTransfer?.types.includes('Files') ?? false;
    const drag = (e: DragEvent) => {
      if (!has(e)) return;
      e.preventDefault();
      setOver(true);
    };
    const leave = (e: DragEvent) => e.relatedTarget === null && setOver(false);
    const drop = (e: DragEvent) => {
      if (!has(e)) return;
      e.preventDefault();
      setOver(false);
      latest.current(e.dataTransfer?.files);
    };
    addEventListener('dragover', drag);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', drag);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, []);
  return over;
}

function Card({ plugin: p, onAct }: { plugin: Plugin; onAct: (a: Act) => void }) {
  const tone = pluginTone(p.state);
  const stopped = /stopped|disabled/.test(p.state.toLowerCase());
  const instances = p.instances ?? [];
  return (
    <article class={`card plugin tone-${tone}`} data-testid="plugin-card" data-id={p.id} data-state={p.state}>
      <header>
        <h2>{p.name ?? p.id}</h2>
        <span class="kind">{p.kind}</span>
        <span class="grow" />
        <span class="mono dim">{p.version}</span>
      </header>
      <div class="inner">
        <p>
          <State tone={tone}>{p.state}</State>{' '}
          {p.since !== undefined && (
            <span class="dim">
              since <Ago at={p.since} />
            </span>
          )}
        </p>
        {p.reason && <p class={`reason wrap tone-${tone}`}>{p.reason}</p>}
        <p class="dim mono wrap">{p.id}</p>
        <p class="dim">
          {plural(instances.length, 'instance')}
          {p.source && ` · ${p.source}`}
        </p>
        {instances.length > 0 && (
          <details>
            <summary class="dim">Instances</summary>
            <ul class="labels mono">
              {instances.map((i, n) => (
                <li key={n} class="wrap">
                  {instanceText(i)}
                </li>
              ))}
            </ul>
          </details>
        )}
      </div>
      <footer>
        {stopped ? (
          <button type="button" class="small primary" data-testid="plugin-enable" onClick={() => onAct('enable')}>
            Enable
          </button>
        ) : (
          <button type="button" class="small" data-testid="plugin-disable" onClick={() => onAct('disable')}>
            Disable
          </button>
        )}
        {p.previousVersion !== null && (
          <button type="button" class="small" data-testid="plugin-rollback" onClick={() => onAct('rollback')}>
            Undo update
          </button>
        )}
        <span class="grow" />
        <button type="button" class="small quiet" data-testid="plugin-remove" onClick={() => onAct('remove')}>
          Remove
        </button>
      </footer>
    </article>
  );
}

function instanceText(i: unknown): string {
  if (typeof i === 'string') return i;
  if (typeof i === 'object' && i !== null) {
    return Object.entries(i)
      .map(([k, v]) => `${k}=${typeof v === 'object' ? JSON.stringify(v) : String(v)}`)
      .join(' ');
  }
  return String(i);
}

function TokenForm({ onSet }: { onSet: () => void }) {
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
        <input type="password" autocomplete="off" autofocus required value={value} data-testid="token" onInput={(e) => setValue(e.currentTarget.value)} />
      </label>
      <p class="dim">The first start of the server wrote one to admin.token in its state folder. It is kept until this tab is closed.</p>
      <div class="actions">
        <button type="submit" class="primary" data-testid="token-submit">
          Use token
        </button>
      </div>
    </form>
  );
}

function TokenButton() {
  const [has, setHas] = useState(token() !== '');
  useEffect(() => setHas(token() !== ''));
  if (!has) return null;
  return (
    <button
      type="button"
      class="small quiet"
      onClick={() => {
        setToken('');
        setHas(false);
      }}
    >
      Forget token
    </button>
  );
}
