/** Asks whether a dashboard that was opened is to be kept on the server. */
import { useState } from 'preact/hooks';
import { ApiError, errorOf, narthex } from '../lib/api';
import { navigate } from '../lib/router';
import { Dialog, ErrorBox } from '../ui';
import { preview } from './board';

export function asError(e: unknown): ApiError {
  return e instanceof ApiError ? e : errorOf('unknown', e instanceof Error ? e.message : String(e), 0);
}

export function Keep({
  json,
  title,
  opened,
  onClose,
  onKept,
}: {
  json: unknown;
  title: string;
  /** Whether it is open already. */
  opened?: boolean;
  onClose: () => void;
  onKept: (uid: string) => void;
}) {
  const [error, setError] = useState<ApiError | null>(null);
  const [exists, setExists] = useState(false);
  const [busy, setBusy] = useState(false);
  const keep = (overwrite: boolean) => {
    setBusy(true);
    setError(null);
    narthex<{ uid?: string } | null>(`dashboards${overwrite ? '?overwrite=true' : ''}`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(json),
    }).then(
      (a) => onKept(a?.uid ?? ''),
      (e: unknown) => {
        setBusy(false);
        const x = asError(e);
        setError(x);
        setExists(x.status === 409);
      },
    );
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <p>
        {opened ? 'It is open in this tab only.' : 'Open it in this tab only, or keep it.'} Kept on this server,
        everyone who may read dashboards sees it.
      </p>
      {error !== null && !exists && <ErrorBox error={error} retry={() => keep(false)} />}
      {exists && (
        <p class="note warn" role="alert">
          {error?.message ?? 'A dashboard with this uid is kept already.'} Keeping this one replaces it for everyone.
        </p>
      )}
      <div class="actions">
        {!opened && (
          <button type="button" onClick={() => navigate(preview(json))} data-testid="keep-open">
            Open only
          </button>
        )}
        {exists ? (
          <button type="button" class="primary" disabled={busy} onClick={() => keep(true)} data-testid="keep-replace">
            Replace it
          </button>
        ) : (
          <button type="button" class="primary" disabled={busy} onClick={() => keep(false)} data-testid="keep">
            Keep on this server
          </button>
        )}
      </div>
    </Dialog>
  );
}
