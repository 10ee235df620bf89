import { useEffect, useState } from 'preact/hooks';
import { ApiError, useLoad } from '../lib/api';
import { alertsPath, newSilence, v2, v2Answer, type ManagedAlert, type Silence } from '../lib/alertmanager';
import { humanSeconds, parseDuration, plural, promDuration, seriesName } from '../lib/format';
import { formatMatcher, formatMatchers, parseMatchers, type Matcher } from '../lib/matchers';
import { navigate } from '../lib/router';
import { recent, remember } from '../lib/store';
import {
  Ago,
  Await,
  Chips,
  Dialog,
  Empty,
  ErrorBox,
  Filter,
  Icon,
  matches,
  Moment,
  State,
  Toggles,
  useMore,
  useParam,
  type Tone,
} from '../ui';

const ORDER = ['active', 'pending', 'expired'];
const TONES: Record<string, Tone> = { active: 'mute', pending: 'info', expired: 'good' };

function matchersIn(s: Silence): Matcher[] {
  return s.matchers.map((m) => ({ ...m, isEqual: m.isEqual ?? true }));
}

/** What is silenced, by whom, until when and why. */
export function SilencesPage() {
  const load = useLoad((signal) => v2Answer<Silence[]>('silences', signal), ['silences']);
  const [search, setSearch] = useParam('search');
  const [states, setStates] = useParam('state');
  const [making] = useParam('new');
  const [filter] = useParam('filter');
  const [why] = useParam('comment');
  const [edited, setEdited] = useState<Silence | null>(null);
  const [expiring, setExpiring] = useState<Silence | null>(null);
  const [failure, setFailure] = useState<ApiError | null>(null);

  const leave = () => {
    setEdited(null);
    navigate('silences', true);
  };
  const expire = async (s: Silence) => {
    setExpiring(null);
    setFailure(null);
    try {
      await v2(`silence/${encodeURIComponent(s.id)}`, { method: 'DELETE' });
    } catch (e) {
      if (e instanceof ApiError) setFailure(e);
    }
    load.reload();
  };
  return (
    <>
      {(making !== '' || edited) && (
        <SilenceForm
          key={edited?.id ?? filter}
          was={edited}
          filter={filter}
          why={why}
          onDone={() => {
            leave();
            load.reload();
          }}
          onCancel={leave}
        />
      )}
      {failure && <ErrorBox error={failure} />}
      <Await load={load}>
        {(all) => {
          const wanted = new Set(states === '' ? ['active', 'pending'] : states.split(','));
          const shown = all.filter(
            (s) =>
              wanted.has(s.status.state) &&
              (search === '' ||
                matches(search, `${formatMatchers(matchersIn(s))} ${s.createdBy} ${s.comment} ${s.id}`)),
          );
          return (
            <>
              <div class="toolbar">
                <Toggles
                  label="State"
                  value={states}
                  onChange={setStates}
                  choices={ORDER.map((id) => ({
                    id,
                    label: <State tone={TONES[id] ?? 'mute'}>{id}</State>,
                    count: all.filter((s) => s.status.state === id).length,
                  }))}
                />
                <Filter value={search} onChange={setSearch} label="Filter by matcher, person or comment" />
                {making === '' && !edited && (
                  <a class="button primary" href={newSilence('')} data-testid="new-silence">
                    <Icon name="plus" /> New silence
                  </a>
                )}
              </div>
              {shown.length === 0 ? (
                <Empty title={all.length === 0 ? 'No silences' : 'No silence in view'}>
                  {all.length === 0
                    ? 'Every alert notifies.'
                    : `${plural(all.length, 'silence')} in all; choose a state above.`}
                </Empty>
              ) : (
                <List silences={shown} onEdit={setEdited} onExpire={setExpiring} />
              )}
            </>
          );
        }}
      </Await>
      {expiring && (
        <Dialog title="Expire silence" onClose={() => setExpiring(null)}>
          <p class="mono wrap">{formatMatchers(matchersIn(expiring))}</p>
          <p>
            Alerts that match notify again from now on: <Preview matchers={matchersIn(expiring)} />
          </p>
          <div class="actions">
            <button type="button" onClick={() => setExpiring(null)}>
              Cancel
            </button>
            <button type="button" class="primary" autofocus data-testid="confirm" onClick={() => void expire(expiring)}>
              Expire
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

function List({
  silences,
  onEdit,
  onExpire,
}: {
  silences: readonly Silence[];
  onEdit: (s: Silence) => void;
  onExpire: (s: Silence) => void;
}) {
  const [n, more] = useMore(silences.length, 100);
  return (
    <div class="card">
      <table class="cards">
        <thead>
          <tr>
            <th>State</th>
            <th>Matchers</th>
            <th>Comment</th>
            <th>Ends</th>
            <th>
              <span class="unseen">Acts</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {silences.slice(0, n).map((s) => (
            <tr key={s.id} tabIndex={0} data-testid="silence" data-id={s.id} data-state={s.status.state}>
              <td data-l="State">
                <State tone={TONES[s.status.state] ?? 'mute'}>{s.status.state}</State>
              </td>
              <td data-l="Matchers">
                <span class="chips">
                  {matchersIn(s).map((m) => (
                    <span class="chip" key={formatMatcher(m)}>
                      {formatMatcher(m)}
                    </span>
                  ))}
                </span>
              </td>
              <td data-l="Comment" class="wrap">
                <span>
                  {s.comment} <span class="dim">by {s.createdBy}</span>
                </span>
              </td>
              <td data-l={s.status.state === 'pending' ? 'Starts' : 'Ends'}>
                {s.status.state === 'pending' ? (
                  <span>
                    starts <Ago at={s.startsAt} />
                  </span>
                ) : (
                  <Ago at={s.endsAt} />
                )}
              </td>
              <td class="num">
                <span class="row end">
                  <button type="button" class="small" onClick={() => onEdit(s)}>
                    {s.status.state === 'expired' ? 'Recreate' : 'Edit'}
                  </button>
                  {s.status.state !== 'expired' && (
                    <button type="button" class="small" data-testid="expire" onClick={() => onExpire(s)}>
                      Expire
                    </button>
                  )}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {more}
    </div>
  );
}

const SPANS = ['30m', '1h', '2h', '4h', '8h', '1d', '1w'];

interface FormProps {
  readonly was: Silence | null;
  readonly filter: string;
  readonly why: string;
  readonly onDone: () => void;
  readonly onCancel: () => void;
}

/** A new silence, or one that replaces another; previews the alerts that it will silence. */
function SilenceForm({ was, filter, why, onDone, onCancel }: FormProps) {
  const left = was ? Date.parse(was.endsAt) - Date.now() : 0;
  const [text, setText] = useState(was ? formatMatchers(matchersIn(was)) : filter);
  const [span, setSpan] = useState(left > 60_000 ? promDuration(Math.round(left / 60_000) * 60_000) : '2h');
  const [by, setBy] = useState(was?.createdBy ?? recent('silence.by', ''));
  const [comment, setComment] = useState(was?.comment ?? why);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const parsed = parseMatchers(text);
  const matchers = Array.isArray(parsed) ? parsed : null;
  const ms = parseDuration(span);
  const useless = matchers !== null && !matchers.some((m) => (m.isEqual && !m.isRegex ? m.value !== '' : true));
  const ok =
    matchers !== null &&
    matchers.length > 0 &&
    !useless &&
    ms !== null &&
    ms > 0 &&
    by.trim() !== '' &&
    comment.trim() !== '';

  const save = async () => {
    if (!ok || matchers === null || ms === null) return;
    setBusy(true);
    setFailure(null);
    remember('silence.by', by.trim());
    const now = Date.now();
    const keepsStart = was && was.status.state === 'active';
    try {
      await v2('silences', {
        method: 'POST',
        body: JSON.stringify({
          ...(was && was.status.state !== 'expired' ? { id: was.id } : {}),
          matchers,
          startsAt: keepsStart ? was.startsAt : new Date(now).toISOString(),
          endsAt: new Date(now + ms).toISOString(),
          createdBy: by.trim(),
          comment: comment.trim(),
        }),
      });
      onDone();
    } catch (e) {
      setBusy(false);
      if (e instanceof ApiError) setFailure(e);
    }
  };
  return (
    <form
      class="card form"
      data-testid="silence-form"
      onSubmit={(e) => {
        e.preventDefault();
        void save();
      }}
    >
      <header>
        <h2>{was ? (was.status.state === 'expired' ? 'Recreate silence' : 'Edit silence') : 'New silence'}</h2>
      </header>
      <div class="inner">
        <label>
          Alerts that match
          <input
            class="mono"
            value={text}
            autofocus={text === ''}
            spellcheck={false}
            placeholder='{alertname="TargetDown", instance=~"web-.*"}'
            aria-invalid={text !== '' && matchers === null}
            data-testid="silence-matchers"
            onInput={(e) => setText(e.currentTarget.value)}
          />
          <span class="dim">
            {!Array.isArray(parsed)
              ? parsed.error
              : useless
                ? 'At least one matcher must not match the empty value.'
                : 'As in PromQL: = != =~ !~'}
          </span>
        </label>
        <label>
          For
          <span class="row">
            <input
              class="range"
              value={span}
              aria-invalid={ms === null || ms <= 0}
              data-testid="silence-span"
              onInput={(e) => setSpan(e.currentTarget.value)}
            />
            {SPANS.map((s) => (
              <button type="button" key={s} class="small" aria-pressed={s === span} onClick={() => setSpan(s)}>
                {s}
              </button>
            ))}
            {ms !== null && ms > 0 && (
              <span class="dim">
                until <Moment at={Date.now() + ms} />
              </span>
            )}
          </span>
        </label>
        <div class="columns">
          <label>
            Who
            <input value={by} required data-testid="silence-by" onInput={(e) => setBy(e.currentTarget.value)} />
          </label>
          <label>
            Why
            <input
              value={comment}
              required
              data-testid="silence-comment"
              onInput={(e) => setComment(e.currentTarget.value)}
            />
          </label>
        </div>
        {matchers !== null && matchers.length > 0 && (
          <div class="note info">
            <Preview matchers={matchers} list />
          </div>
        )}
        {failure && <ErrorBox error={failure} />}
        <div class="actions">
          <button type="button" onClick={onCancel}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={!ok || busy} data-testid="silence-save">
            {was && was.status.state !== 'expired' ? 'Replace' : 'Silence'}{' '}
            {ms !== null && ms > 0 ? `for ${humanSeconds(ms / 1000)}` : ''}
          </button>
        </div>
      </div>
    </form>
  );
}

/** The number of alerts that the matchers match now. */
function Preview({ matchers, list }: { matchers: readonly Matcher[]; list?: boolean }) {
  const [found, setFound] = useState<ManagedAlert[] | null>(null);
  const [failed, setFailed] = useState('');
  const path = alertsPath(matchers);
  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(() => {
      v2<ManagedAlert[]>(path, { signal: abort.signal }).then(
        (a) => {
          setFound(a);
          setFailed('');
        },
        (e: unknown) => !abort.signal.aborted && setFailed(e instanceof Error ? e.message : String(e)),
      );
    }, 200);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [path]);
  if (failed !== '') return <span class="bad">{failed}</span>;
  if (found === null) return <span class="dim">counting …</span>;
  return (
    <>
      <span data-testid="silence-preview">
        {list ? 'Touches' : ''} {plural(found.length, 'alert')} now
        {list && found.length === 0 ? '; those that come later and match are silenced too.' : '.'}
      </span>
      {list && (
        <ul class="labels">
          {found.slice(0, 8).map((a) => (
            <li key={a.fingerprint} title={seriesName(a.labels)}>
              <Chips labels={a.labels} />
            </li>
          ))}
          {found.length > 8 && <li class="dim">and {found.length - 8} more</li>}
        </ul>
      )}
    </>
  );
}
