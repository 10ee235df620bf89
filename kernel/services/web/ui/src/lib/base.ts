/** Where the server is: everything is addressed below the path of `<base>`. */
export const BASE = new URL(document.baseURI).pathname;

/** Path below the base, without a leading slash: `targets`. */
export function currentPath(): string {
  const path = location.pathname;
  return path.startsWith(BASE) ? path.slice(BASE.length).replace(/\/+$/, '') : '';
}
