import { useState } from 'preact/hooks';
import { ApiError } from '../lib/api';
import { nextPage } from '../lib/next';
import { logIn, session } from '../lib/session';
import { useStore } from '../lib/store';

export function LoginPage() {
  const known = useStore(session);
  const passwords = known?.passwords ?? false;
  const [byToken, setByToken] = useState(false);
  const [user, setUser] = useState('');
  const [secret, setSecret] = useState('');
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const token = byToken || !passwords;
  const submit = async () => {
    setBusy(true);
    setProblem('');
    try {
      await logIn(token ? { token: secret.trim() } : { user, password: secret });
      location.replace(nextPage(location.search, document.baseURI));
    } catch (e) {
      setProblem(e instanceof ApiError ? e.message : String(e));
      setSecret('');
    }
    setBusy(false);
  };
  if (known === null) return <div class="panel loading" />;
  return (
    <form
      class="token"
      onSubmit={(e) => {
        e.preventDefault();
        void submit();
      }}
    >
      {known.name !== undefined && (
        <p class="dim">
          You are logged in as {known.name}
          {known.role ? `, ${known.role}` : ''}.
        </p>
      )}
      {known.oidc && (
        <a class="button" data-testid="login-oidc" href={`narthex/api/v1/oidc/login${location.search}`}>
          Log in with the organisation's account
        </a>
      )}
      {!token && (
        <label>
          User
          <input
            autocomplete="username"
            autofocus
            required
            value={user}
            data-testid="login-user"
            onInput={(e) => setUser(e.currentTarget.value)}
          />
        </label>
      )}
      <label>
        {token ? 'Token' : 'Password'}
        <input
          type="password"
          autocomplete={token ? 'off' : 'current-password'}
          autofocus={token}
          required
          value={secret}
          data-testid="login-secret"
          onInput={(e) => setSecret(e.currentTarget.value)}
        />
      </label>
      {problem !== '' && (
        <p class="note bad" role="alert" data-testid="login-problem">
          {problem}
        </p>
      )}
      <div class="actions">
        {passwords && (
          <button type="button" onClick={() => setByToken(!byToken)}>
            {token ? 'Use a password' : 'Use a token'}
          </button>
        )}
        <button type="submit" class="primary" disabled={busy} data-testid="login-submit">
          Log in
        </button>
      </div>
      {token && (
        <p class="dim">
          The first start of the server wrote one to admin.token in its state folder; narthex token create makes more.
        </p>
      )}
    </form>
  );
}
