/** The dashboards this server has, and those that are opened from files. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ApiError, narthex, useLoad } from '../lib/api';
import { plural } from '../lib/format';
import { navigate } from '../lib/router';
import { Ago, Await, Dialog, Empty, ErrorBox, Filter, Icon, matches, State, useMore, useParam } from '../ui';
import { preview } from './board';
import { asError, Keep } from './Keep';
import { readDashboard } from './read';
import { slugOf } from './slug';

interface Entry {
  readonly uid: string;
  readonly title: string;
  readonly tags?: readonly string[];
  readonly folder?: string;
  readonly source?: string;
  readonly file?: string;
  readonly changedMs?: number;
  readonly problem?: string;
}

/** Largest document that is read. */
const MOST_BYTES = 10_000_000;

/** The document of a text, checked to be a dashboard. */
function parsed(text: string, name: string): unknown {
  if (text.length > MOST_BYTES)
    throw new ApiError('bad_file', `${name}: too large, got ${text.length} characters`, 'The limit is 10 MB.', 0);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (e) {
    throw new ApiError(
      'bad_file',
      `${name}: not JSON, got ${e instanceof Error ? e.message : ''}`,
      'Give the JSON of one dashboard.',
      0,
    );
  }
  try {
    readDashboard(json);
  } catch (e) {
    throw new ApiError(
      'bad_file',
      `${name}: ${e instanceof Error ? e.message : String(e)}`,
      'Give the JSON of one dashboard.',
      0,
    );
  }
  return json;
}

export function ListPage() {
  const load = useLoad(
    async (signal) => {
      const data = await narthex<{ dashboards: Entry[] }>('dashboards', { signal });
      return { data: data.dashboards ?? [], warnings: [], infos: [], tookMs: 0, at: Date.now() };
    },
    ['dashboards'],
  );
  const [error, setError] = useState<ApiError | null>(null);
  const [pasting, setPasting] = useState(false);
  const [opened, setOpened] = useState<{ json: unknown; title: string } | null>(null);
  const [dropping, setDropping] = useState(false);
  const file = useRef<HTMLInputElement>(null);

  const take = (json: unknown) => setOpened({ json, title: readDashboard(json).title });
  const read = (f: File | undefined) => {
    if (!f) return;
    setError(null);
    if (f.size > MOST_BYTES) {
      setError(new ApiError('bad_file', `${f.name}: too large, got ${f.size} bytes`, 'The limit is 10 MB.', 0));
      return;
    }
    f.text().then(
      (text) => {
        try {
          navigate(preview(parsed(text, f.name)));
        } catch (e) {
          setError(asError(e));
        }
      },
      (e: unknown) => setError(asError(e)),
    );
  };
  useEffect(() => {
    const over = (e: DragEvent) => {
      if (!e.dataTransfer?.types.includes('Files')) return;
      e.preventDefault();
      setDropping(true);
    };
    const leave = (e: DragEvent) => e.relatedTarget === null && setDropping(false);
    const drop = (e: DragEvent) => {
      if (!e.dataTransfer?.files.length) return;
      e.preventDefault();
      setDropping(false);
      read(e.dataTransfer.files[0]);
    };
    addEventListener('dragover', over);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', over);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, []);

  return (
    <div class={`dlist ${dropping ? 'droppingboard' : ''}`} data-testid="dashboards">
      <input
        ref={file}
        type="file"
        accept=".json,application/json"
        class="unseen"
        aria-label="File of a dashboard"
        tabIndex={-1}
        data-testid="dashboard-file"
        onChange={(e) => {
          read(e.currentTarget.files?.[0]);
          e.currentTarget.value = '';
        }}
      />
      {error !== null && <ErrorBox error={error} />}
      <Await load={load}>
        {(all) => (
          <Listing
            all={all}
            reload={load.reload}
            onFile={() => file.current?.click()}
            onPaste={() => setPasting(true)}
            onError={setError}
          />
        )}
      </Await>
      {load.error !== null && !load.answer && (
        <div class="toolbar">
          <button type="button" onClick={() => file.current?.click()}>
            <Icon name="upload" /> Open a file
          </button>
          <button type="button" onClick={() => setPasting(true)}>
            Paste JSON
          </button>
        </div>
      )}
      {pasting && (
        <Paste
          onClose={() => setPasting(false)}
          onDone={(json) => {
            setPasting(false);
            take(json);
          }}
        />
      )}
      {opened !== null && (
        <Keep
          json={opened.json}
          title={opened.title}
          onClose={() => setOpened(null)}
          onKept={() => {
            setOpened(null);
            load.reload();
          }}
        />
      )}
    </div>
  );
}

interface ListingProps {
  readonly all: readonly Entry[];
  readonly reload: () => void;
  readonly onFile: () => void;
  readonly onPaste: () => void;
  readonly onError: (e: ApiError | null) => void;
}

function Listing({ all, reload, onFile, onPaste, onError }: ListingProps) {
  const [filter, setFilter] = useParam('search');
  const [tag, setTag] = useParam('tag');
  const [folder, setFolder] = useParam('folder');
  const [gone, setGone] = useState<Entry | null>(null);
  const tags = useMemo(() => count(all.flatMap((d) => d.tags ?? [])), [all]);
  const folders = useMemo(() => [...new Set(all.map((d) => d.folder ?? ''))].sort(), [all]);
  const found = all.filter(
    (d) =>
      matches(filter, `${d.title} ${(d.tags ?? []).join(' ')} ${d.folder ?? ''} ${d.uid}`) &&
      (tag === '' || (d.tags ?? []).includes(tag)) &&
      (folder === '' || (d.folder ?? '') === folder),
  );
  const [n, more] = useMore(found.length, 200);
  const shown = found.slice(0, n);
  return (
    <>
      <div class="toolbar">
        <Filter value={filter} onChange={setFilter} label="Filter by title, tag or folder" />
        {tags.length > 0 && (
          <select aria-label="Tag" value={tag} onChange={(e) => setTag(e.currentTarget.value)}>
            <option value="">All tags</option>
            {tags.map(([t, k]) => (
              <option key={t} value={t}>
                {t} ({k})
              </option>
            ))}
          </select>
        )}
        {folders.length > 1 && (
          <select aria-label="Folder" value={folder} onChange={(e) => setFolder(e.currentTarget.value)}>
            <option value="">All folders</option>
            {folders
              .filter((f) => f !== '')
              .map((f) => (
                <option key={f} value={f}>
                  {f}
                </option>
              ))}
          </select>
        )}
        <span class="grow" />
        <button type="button" onClick={onFile} data-testid="open-file">
          <Icon name="upload" /> Open a file
        </button>
        <button type="button" onClick={onPaste} data-testid="paste">
          Paste JSON
        </button>
      </div>
      {all.length === 0 ? (
        <Empty title="No dashboards yet">
          Drop a dashboard of Grafana here, open a file or paste JSON; or put files in the dashboards folder of the
          server.
        </Empty>
      ) : found.length === 0 ? (
        <Empty title="No dashboard matches">Clear the filter to see all {all.length}.</Empty>
      ) : (
        <div class="card">
          <table class="cards" data-testid="dashboard-list">
            <thead>
              <tr>
                <th>Dashboard</th>
                <th>Folder</th>
                <th>Tags</th>
                <th>Changed</th>
                <th>
                  <span class="unseen">Acts</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((d) => (
                <tr key={`${d.uid} ${d.file}`} tabIndex={0} data-testid="dashboard" data-uid={d.uid}>
                  <td data-l="Dashboard">
                    <span>
                      {d.problem ? (
                        <>
                          <b>{d.title || d.file || d.uid}</b>
                          <p>
                            <State tone="warn">cannot be opened</State> <span class="wrap">{d.problem}</span>
                          </p>
                        </>
                      ) : (
                        <a href={`d/${encodeURIComponent(d.uid)}/${slugOf(d.title)}`}>{d.title || d.uid}</a>
                      )}
                    </span>
                  </td>
                  <td data-l="Folder">
                    {(d.folder ?? '') !== '' && (
                      <button type="button" class="chip" onClick={() => setFolder(d.folder ?? '')}>
                        {d.folder}
                      </button>
                    )}
                  </td>
                  <td data-l="Tags">
                    <span class="chips">
                      {(d.tags ?? []).slice(0, 12).map((t) => (
                        <button type="button" class="chip" key={t} onClick={() => setTag(t)}>
                          {t}
                        </button>
                      ))}
                    </span>
                  </td>
                  <td data-l="Changed">
                    <Ago at={d.changedMs} />
                  </td>
                  <td class="num" data-l="">
                    {d.source === 'uploaded' && (
                      <button type="button" class="small quiet" onClick={() => setGone(d)}>
                        Delete
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {more}
        </div>
      )}
      {gone !== null && (
        <Delete
          entry={gone}
          onClose={() => setGone(null)}
          onDone={() => {
            setGone(null);
            onError(null);
            reload();
          }}
        />
      )}
      <p class="dim">{plural(all.length, 'dashboard')}. A file dropped here opens at once and is not kept.</p>
    </>
  );
}

function count(words: readonly string[]): [string, number][] {
  const n = new Map<string, number>();
  for (const w of words) n.set(w, (n.get(w) ?? 0) + 1);
  return [...n].sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

function Paste({ onClose, onDone }: { onClose: () => void; onDone: (json: unknown) => void }) {
  const [text, setText] = useState('');
  const [error, setError] = useState<ApiError | null>(null);
  return (
    <Dialog title="Paste a dashboard" onClose={onClose} wide>
      <form
        class="form"
        onSubmit={(e) => {
          e.preventDefault();
          try {
            onDone(parsed(text, 'text'));
          } catch (x) {
            setError(asError(x));
          }
        }}
      >
        <label>
          JSON as Grafana exports it
          <textarea
            class="dpaste mono"
            autofocus
            rows={14}
            spellcheck={false}
            value={text}
            data-testid="paste-text"
            onInput={(e) => setText(e.currentTarget.value)}
          />
        </label>
        {error !== null && <ErrorBox error={error} />}
        <div class="actions">
          <button type="submit" class="primary" disabled={text.trim() === ''} data-testid="paste-done">
            Read
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Delete({ entry, onClose, onDone }: { entry: Entry; onClose: () => void; onDone: () => void }) {
  const [error, setError] = useState<ApiError | null>(null);
  const remove = () => {
    narthex(`dashboards/${encodeURIComponent(entry.uid)}`, { method: 'DELETE' }).then(onDone, (e: unknown) =>
      setError(asError(e)),
    );
  };
  return (
    <Dialog title={`Delete ${entry.title}`} onClose={onClose}>
      <p>
        Deletes the dashboard {entry.title} (uid <code>{entry.uid}</code>
        {entry.file ? (
          <>
            , file <code>{entry.file}</code>
          </>
        ) : null}
        ) for everyone. Links to it stop working. Metrics and alerts stay as they are.
      </p>
      {error !== null && <ErrorBox error={error} retry={remove} />}
      <div class="actions">
        <button type="button" onClick={onClose}>
          Keep
        </button>
        <button type="button" class="primary" onClick={remove} data-testid="delete">
          Delete
        </button>
      </div>
    </Dialog>
  );
}
