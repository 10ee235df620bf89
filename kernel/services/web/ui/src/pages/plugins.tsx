import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import {
  csrf,
  ApiError,
  narthex,
  setToken,
  token,
  useLoad,
  type AuditEntry,
  type Plugin,
  type PluginCalls,
} from '../lib/api';
import { humanBytes, plural } from '../lib/format';
import { isStoppable, pluginTone } from '../lib/plugins';
import { Leftovers } from './leftovers';
import {
  Ago,
  Await,
  Copy,
  Dialog,
  Empty,
  ErrorBox,
  Facts,
  Filter,
  Icon,
  matches,
  Moment,
  Skeleton,
  State,
  TokenForm,
  type Tone,
  useParam,
} from '../ui';

type Act = 'enable' | 'disable' | 'rollback' | 'remove';
const VERBS: Record<Act, string> = { enable: 'Enable', disable: 'Disable', rollback: 'Undo update', remove: 'Remove' };
const ORDER: Tone[] = ['bad', 'warn', 'info', 'good', 'mute'];

interface Intent {
  readonly verb: string;
  readonly what: string;
  /** An option of the action, for example to replace a higher version. */
  readonly choice?: string;
  readonly run: (chosen: boolean) => Promise<unknown>;
}

const WORDS: Record<string, string> = { stopped: 'stopped by you', needs: 'needs something' };

function path(id: string): string {
  return `plugins/${encodeURIComponent(id)}`;
}

/** The plugins with their state, and the actions on them. */
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
  const [asking, setAsking] = useState<{ act: Intent; chosen: boolean } | null>(null);
  const [chosen, setChosen] = useState(false);
  const [audited, setAudited] = useState<{ id: string; name: string } | null>(null);
  const [busy, setBusy] = useState('');
  const picker = useRef<HTMLInputElement>(null);

  const perform = async (act: Intent, chosen: boolean) => {
    setIntent(null);
    setFailure(null);
    setDone('');
    if (token() === '' && csrf.get() === '') {
      setAsking({ act, chosen });
      return;
    }
    setBusy(`${act.verb} …`);
    try {
      await act.run(chosen);
      setDone(`${act.verb}: done. ${act.what}`);
    } catch (e) {
      const error = e instanceof ApiError ? e : new ApiError('unknown', String(e), '', 0);
      if (error.kind === 'login') {
        setToken('');
        setAsking({ act, chosen });
      }
      setFailure({ what: act.verb, error });
    }
    setBusy('');
    load.reload();
  };

  const upload = (file: File): Intent => ({
    verb: `Install ${file.name}`,
    what:
      `${file.name} is checked, started alongside the running version if there is one, ` +
      'and switched to only when its self-test passes. No other plugin restarts.',
    choice: 'Also when a higher version is installed',
    run: (force) =>
      narthex(`plugins/upload?file=${encodeURIComponent(file.name)}${force ? '&force=true' : ''}`, {
        method: 'PUT',
        body: file,
        headers: { 'Content-Type': 'application/java-archive' },
      }),
  });
  const offer = (files: FileList | null | undefined) => {
    const file = files?.[0];
    if (!file) return;
    if (/\.jar$/i.test(file.name)) {
      setChosen(false);
      setIntent(upload(file));
    } else
      setFailure({
        what: 'Install',
        error: new ApiError(
          'refused',
          `${file.name}: is not a plugin, got a file without .jar; drop the plugin's jar`,
          '',
          0,
        ),
      });
  };
  const dragging = useDrop(offer);

  const act = (p: Plugin, a: Act) => {
    const n = p.instances?.length ?? 0;
    const stop = n > 0 ? `${plural(n, 'instance')} of it stop; ` : '';
    const affects = {
      enable: 'It starts with the current configuration.',
      disable: n > 0 ? `${stop}what they delivered last is kept.` : 'It has no instances.',
      rollback:
        `Version ${p.undoVersion ?? 'before'} is started, tested and switched to; ` +
        `${p.version ?? 'this one'} stays at hand.`,
      remove: `${stop}its file is taken away. Configuration that names it waits until it comes back.`,
    }[a];
    setChosen(false);
    setIntent({
      verb: `${VERBS[a]} ${p.name ?? p.id}`,
      what: `${affects} No other plugin restarts.`,
      run: () =>
        a === 'remove' ? narthex(path(p.id), { method: 'DELETE' }) : narthex(`${path(p.id)}/${a}`, { method: 'POST' }),
    });
  };

  const all = load.answer?.data ?? [];
  const shown = all
    .filter(
      (p) => search === '' || matches(search, `${p.id} ${p.name ?? ''} ${p.kind ?? ''} ${p.state} ${p.reason ?? ''}`),
    )
    .sort(
      (a, b) =>
        ORDER.indexOf(pluginTone(a.state)) - ORDER.indexOf(pluginTone(b.state)) ||
        (a.name ?? a.id).localeCompare(b.name ?? b.id),
    );
  return (
    <div class={`plugins ${dragging ? 'dropping' : ''}`} data-testid="plugins">
      <div class="toolbar">
        <Filter value={search} onChange={setSearch} label="Filter plugins" />
        <input
          ref={picker}
          type="file"
          accept=".jar"
          class="hidden"
          data-testid="plugin-file"
          onChange={(e) => {
            offer(e.currentTarget.files);
            e.currentTarget.value = '';
          }}
        />
        <button type="button" class="primary" onClick={() => picker.current?.click()}>
          <Icon name="upload" /> Add plugin
        </button>
        <span class="dim wideonly">or drop a jar anywhere on this page</span>
        <span class="grow" />
        <button type="button" class="small quiet" data-testid="audit" onClick={() => setAudited({ id: '', name: '' })}>
          Audit log
        </button>
        <TokenButton />
      </div>
      {busy !== '' && (
        <p class="note info" role="status">
          {busy}
        </p>
      )}
      {done !== '' && (
        <p class="note good" role="status" data-testid="plugin-done">
          <State tone="good">Done</State> {done}{' '}
          <button type="button" class="small quiet" onClick={() => setAudited({ id: '', name: '' })}>
            Audit log
          </button>
        </p>
      )}
      {failure && (
        <div data-testid="plugin-error">
          <p class="dim">{failure.what} did not work; nothing was changed.</p>
          <ErrorBox error={failure.error} />
        </div>
      )}
      {load.error && <ErrorBox error={load.error} retry={load.reload} />}
      {!load.answer && load.loading && <Skeleton />}
      {load.answer && all.length === 0 && (
        <Empty title="No plugins">Drop a jar on this page, or put one into the plugins folder.</Empty>
      )}
      {all.length > 0 && shown.length === 0 && (
        <Empty title="No plugin matches">Clear the filter to see all {all.length}.</Empty>
      )}
      <div class="grid">
        {shown
          .filter((p) => p.source !== 'kernel')
          .map((p) => (
            <Card
              key={p.id}
              plugin={p}
              onAct={(a) => act(p, a)}
              onHistory={() => setAudited({ id: p.id, name: p.name ?? p.id })}
            />
          ))}
      </div>
      <Leftovers
        acted={done}
        onForget={(o) =>
          setIntent({
            verb: `Forget ${o.id}`,
            what:
              'Decisions about it, its previous versions and its own folder are deleted. ' +
              'Blocks in configuration files stay and continue to wait.',
            run: () => narthex(`plugins/orphans/${encodeURIComponent(o.id)}`, { method: 'DELETE' }),
          })
        }
      />
      <Kernel plugins={shown.filter((p) => p.source === 'kernel')}>
        {(p) => (
          <Card
            key={p.id}
            plugin={p}
            onAct={(a) => act(p, a)}
            onHistory={() => setAudited({ id: p.id, name: p.name ?? p.id })}
          />
        )}
      </Kernel>
      {audited && <Audit id={audited.id} name={audited.name} onClose={() => setAudited(null)} />}
      {intent && (
        <Dialog title={intent.verb} onClose={() => setIntent(null)}>
          <p class="prose">{intent.what}</p>
          {intent.choice && (
            <label class="row">
              <input type="checkbox" checked={chosen} onChange={(e) => setChosen(e.currentTarget.checked)} />{' '}
              {intent.choice}
            </label>
          )}
          <div class="actions">
            <button type="button" onClick={() => setIntent(null)}>
              Cancel
            </button>
            <button
              type="button"
              class="primary"
              autofocus
              data-testid="confirm"
              onClick={() => void perform(intent, chosen)}
            >
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
              void perform(next.act, next.chosen);
            }}
          />
        </Dialog>
      )}
    </div>
  );
}

/** Bundles of the kernel, folded while all of them run. */
function Kernel({ plugins, children }: { plugins: readonly Plugin[]; children: (p: Plugin) => ComponentChildren }) {
  const ill = plugins.filter((p) => pluginTone(p.state) !== 'good').length;
  const [open, setOpen] = useState<boolean | null>(null);
  if (plugins.length === 0) return null;
  const unfolded = open ?? ill > 0;
  return (
    <details
      class="kernel"
      open={unfolded}
      onToggle={(e) => e.currentTarget.open !== unfolded && setOpen(e.currentTarget.open)}
    >
      <summary>
        <b>Kernel</b>{' '}
        <span class="dim">
          {plural(plugins.length, 'bundle')}
          {ill > 0 && `, ${ill} not running`}
        </span>
      </summary>
      {unfolded && <div class="grid">{plugins.map(children)}</div>}
    </details>
  );
}

/** Who did what, newest first. */
function Audit({ id, name, onClose }: { id: string; name: string; onClose: () => void }) {
  const load = useLoad(
    async (signal) => {
      const body = await narthex<{ entries: AuditEntry[] }>(
        `audit${id === '' ? '' : `?plugin=${encodeURIComponent(id)}`}`,
        { signal },
      );
      return { data: body.entries, warnings: [], infos: [], tookMs: 0, at: Date.now() };
    },
    [id],
  );
  return (
    <Dialog title={id === '' ? 'Audit log' : `History of ${name}`} onClose={onClose} wide>
      <Await load={load}>
        {(entries) =>
          entries.length === 0 ? (
            <Empty title="Nothing was changed yet" />
          ) : (
            <div class="tablewrap">
              <table class="cards">
                <thead>
                  <tr>
                    <th>When</th>
                    <th>Who</th>
                    <th>What</th>
                    <th>Result</th>
                  </tr>
                </thead>
                <tbody>
                  {entries.map((e, i) => (
                    <tr key={i} data-testid="audit-entry">
                      <td data-l="When">
                        <Moment at={e.timeMs} />
                      </td>
                      <td data-l="Who" class="wrap">
                        {e.actor}
                      </td>
                      <td data-l="What" class="wrap">
                        <span>
                          {e.action} <span class="mono">{e.id}</span> <span class="dim">{e.version}</span>
                        </span>
                      </td>
                      <td data-l="Result" class="wrap">
                        {e.result === 'ok' ? <State tone="good">ok</State> : e.result}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Await>
    </Dialog>
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

function Card({ plugin: p, onAct, onHistory }: { plugin: Plugin; onAct: (a: Act) => void; onHistory: () => void }) {
  const tone = pluginTone(p.state);
  const instances = p.instances ?? [];
  const leaks = p.leaks ?? [];
  const calls = (p.calls ?? []).filter((c) => c.calls > 0 || c.failures > 0);
  return (
    <article class={`card plugin tone-${tone}`} data-testid="plugin-card" data-id={p.id} data-state={p.state}>
      <header>
        <h2>{p.name ?? p.id}</h2>
        {(p.kinds && p.kinds.length > 0 ? p.kinds : p.kind ? [p.kind] : []).map((k) => (
          <span class="kind" key={k}>
            {k}
          </span>
        ))}
        <span class="grow" />
        <span class="mono dim">{p.version}</span>
      </header>
      <div class="inner">
        <p>
          <State tone={tone}>{WORDS[p.state] ?? p.state}</State>{' '}
          {p.since !== undefined && (
            <span class="dim">
              since <Ago at={p.since} />
            </span>
          )}
        </p>
        {p.reason && <p class={`reason wrap tone-${tone}`}>{p.reason}</p>}
        {leaks.length > 0 && (
          <details data-testid="plugin-leaks">
            <summary>
              <State tone="warn">leftovers</State> previous versions left {plural(leaks.length, 'thing')} behind
            </summary>
            <ul class="labels mono">
              {leaks.map((l, n) => (
                <li key={n}>
                  {l.what.replace('_', ' ')} of {l.version}: {l.name}
                </li>
              ))}
            </ul>
          </details>
        )}
        <p class="dim">
          {[(instances.length > 0 || p.source !== 'kernel') && plural(instances.length, 'instance'), p.source]
            .filter(Boolean)
            .join(' · ')}
        </p>
        <details>
          <summary class="dim">Details</summary>
          <Facts
            rows={[
              ['Id', <span class="mono wrap">{p.id}</span>],
              ...(instances.length > 0
                ? [
                    [
                      'Instances',
                      <ul class="labels mono">
                        {instances.map((i, n) => (
                          <li key={n}>{instanceText(i)}</li>
                        ))}
                      </ul>,
                    ] as const,
                  ]
                : []),
              ...(p.file ? [['File', <span class="mono wrap">{p.file}</span>] as const] : []),
              ...(p.sha256
                ? [
                    [
                      'SHA-256',
                      <span class="mono wrap">
                        {p.sha256.slice(0, 12)}… <Copy text={p.sha256} />
                      </span>,
                    ] as const,
                  ]
                : []),
              ...(p.started ? [['Started', <Moment at={p.started} />] as const] : []),
              ...(p.osgiState ? [['OSGi state', p.osgiState] as const] : []),
              ...((p.cpuSeconds ?? 0) > 0 ? [['Processor time', `${(p.cpuSeconds ?? 0).toFixed(2)} s`] as const] : []),
              ...((p.allocatedBytes ?? 0) > 0 ? [['Allocated', humanBytes(p.allocatedBytes ?? 0)] as const] : []),
              ...((p.staleClassLoaders ?? 0) > 0
                ? [
                    [
                      'Previous versions',
                      `${plural(p.staleClassLoaders ?? 0, 'class loader')} in memory until the next collection`,
                    ] as const,
                  ]
                : []),
            ]}
          />
          {calls.length > 0 && <Calls calls={calls} />}
        </details>
      </div>
      <footer>
        {isStoppable(p.state) ? (
          p.source !== 'kernel' && (
            <button type="button" class="small" data-testid="plugin-disable" onClick={() => onAct('disable')}>
              Disable
            </button>
          )
        ) : (
          <button type="button" class="small primary" data-testid="plugin-enable" onClick={() => onAct('enable')}>
            Enable
          </button>
        )}
        {p.undoVersion && (
          <button
            type="button"
            class="small"
            data-testid="plugin-rollback"
            title={`Back to ${p.undoVersion}`}
            onClick={() => onAct('rollback')}
          >
            Undo update
          </button>
        )}
        <span class="grow" />
        <button type="button" class="small quiet" onClick={onHistory}>
          History
        </button>
        {(p.source === undefined || p.source === 'user') && (
          <button type="button" class="small quiet" data-testid="plugin-remove" onClick={() => onAct('remove')}>
            Remove
          </button>
        )}
      </footer>
    </article>
  );
}

/** Statistics of the calls of the server into a plugin. */
function Calls({ calls }: { calls: readonly PluginCalls[] }) {
  return (
    <div class="tablewrap">
      <table data-testid="plugin-calls">
        <thead>
          <tr>
            <th>Calls</th>
            <th class="num">Made</th>
            <th class="num">Failed</th>
            <th class="num">Mean</th>
            <th class="num">Longest</th>
          </tr>
        </thead>
        <tbody>
          {calls.map((c) => (
            <tr key={`${c.kind} ${c.operation}`}>
              <td>
                {c.operation} <span class="dim">{c.kind}</span>
              </td>
              <td class="num">
                {c.calls}
                {c.inFlight > 0 && <span class="dim"> ({c.inFlight} now)</span>}
              </td>
              <td class="num">{c.failures}</td>
              <td class="num">{milliseconds(c.meanSeconds)}</td>
              <td class="num">{milliseconds(c.maxSeconds)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function milliseconds(seconds: number): string {
  return `${(seconds * 1000).toFixed(seconds < 0.01 ? 2 : 0)} ms`;
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
