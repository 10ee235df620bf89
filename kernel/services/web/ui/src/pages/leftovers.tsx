import { useEffect } from 'preact/hooks';
import { narthex, useLoad, type Orphan, type WaitingBlock } from '../lib/api';
import { plural } from '../lib/format';
import { Ago, State } from '../ui';

function useList<T>(path: string, key: string, acted: string) {
  const load = useLoad(
    async (signal) => {
      const body = await narthex<Record<string, T[]>>(path, { signal });
      return { data: body[key] ?? [], warnings: [], infos: [], tookMs: 0, at: Date.now() };
    },
    [path],
  );
  useEffect(() => {
    if (acted !== '') load.reload();
  }, [acted]);
  return load.answer?.data ?? [];
}

/**
 * Configuration that names absent plugins, and what removed plugins have left; renders nothing without either. Read again
 * when `acted` changes.
 */
export function Leftovers({ acted, onForget }: { acted: string; onForget: (o: Orphan) => void }) {
  const waiting = useList<WaitingBlock>('plugins/waiting', 'waiting', acted);
  const orphans = useList<Orphan>('plugins/orphans', 'orphans', acted);
  return (
    <>
      {waiting.length > 0 && (
        <details class="kernel" open data-testid="waiting">
          <summary>
            <b>Waiting for plugins</b> <span class="dim">{plural(waiting.length, 'block')}</span>
          </summary>
          <div class="tablewrap">
            <table class="cards">
              <thead>
                <tr>
                  <th>What</th>
                  <th>Where</th>
                  <th>Why</th>
                </tr>
              </thead>
              <tbody>
                {waiting.map((w, i) => (
                  <tr key={i} data-testid="waiting-block" data-type={w.type}>
                    <td data-l="What" class="wrap">
                      <span>
                        <span class="kind">{w.kind}</span> {w.block}
                      </span>
                    </td>
                    <td data-l="Where" class="mono wrap">
                      {w.place}
                    </td>
                    <td data-l="Why" class="wrap">
                      {w.reason}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      )}
      {orphans.length > 0 && (
        <details class="kernel" open data-testid="orphans">
          <summary>
            <b>Kept from removed plugins</b>{' '}
            <span class="dim">{plural(orphans.length, 'plugin')}; used again when they return</span>
          </summary>
          <div class="grid">
            {orphans.map((o) => (
              <OrphanCard key={o.id} orphan={o} onForget={() => onForget(o)} />
            ))}
          </div>
        </details>
      )}
    </>
  );
}

function OrphanCard({ orphan: o, onForget }: { orphan: Orphan; onForget: () => void }) {
  const parts = [
    ...o.records,
    ...o.blocks.map((b) => `${b.block} at ${b.place}`),
    ...o.folders,
    ...(o.keptVersions.length > 0
      ? [`${plural(o.keptVersions.length, 'previous version')}: ${o.keptVersions.join(', ')}`]
      : []),
  ];
  return (
    <article class="card plugin tone-mute" data-testid="orphan" data-id={o.id}>
      <header>
        <h2 class="mono wrap">{o.id}</h2>
        {o.provided.map((k) => (
          <span class="kind" key={k}>
            {k}
          </span>
        ))}
        <span class="grow" />
        <span class="mono dim">{o.version}</span>
      </header>
      <div class="inner">
        <p>
          <State tone="mute">removed</State>{' '}
          {o.lastSeen > 0 && (
            <span class="dim">
              <Ago at={o.lastSeen} />
            </span>
          )}
        </p>
        <ul class="labels">
          {parts.map((p, i) => (
            <li key={i} class="wrap">
              {p}
            </li>
          ))}
        </ul>
      </div>
      <footer>
        <span class="grow" />
        <button type="button" class="small quiet" data-testid="orphan-forget" onClick={onForget}>
          Forget
        </button>
      </footer>
    </article>
  );
}
