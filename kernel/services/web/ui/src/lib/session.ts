/** Who is logged in, and the CSRF token that changes of a session need. */
import { csrf, narthex } from './api';
import { BASE } from './base';
import { Store } from './store';

export interface Session {
  mode: 'strict' | 'compatible';
  name?: string;
  role?: string;
  csrf?: string;
  passwords: boolean;
  oidc?: boolean;
}

export const session = new Store<Session | null>(null);

/** Asks the server who this is; an older server does not know. */
export async function readSession(): Promise<void> {
  try {
    const now = await narthex<Session>('session', {}, false);
    csrf.set(now.csrf ?? '');
    session.set(now);
  } catch {
    session.set(null);
  }
}

export async function logIn(body: { user: string; password: string } | { token: string }): Promise<void> {
  await narthex<unknown>(
    'login',
    { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) },
    false,
  );
  await readSession();
}

export async function logOut(): Promise<void> {
  await narthex<unknown>('logout', { method: 'POST' }, false);
  await readSession();
}

/** Address of the login page, which returns to this page. */
export function loginPage(): string {
  const here = location.pathname.slice(BASE.length) + location.search;
  return here === '' || here.startsWith('login') ? 'login' : `login?next=${encodeURIComponent(here)}`;
}
