/** The page to go to after a login: one of this server and nothing else. */
export function nextPage(search: string, base: string): string {
  const home = new URL('query', base).href;
  try {
    const url = new URL(new URLSearchParams(search).get('next') ?? '', base);
    const below = new URL(base);
    const path = url.pathname.slice(below.pathname.length);
    const own = url.origin === below.origin && url.pathname.startsWith(below.pathname) && url.username === '';
    return own && path !== '' && !path.startsWith('login') ? url.href : home;
  } catch {
    return home;
  }
}
