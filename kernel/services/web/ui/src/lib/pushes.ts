/** Paths of pushed groups. */
import type { Labels } from './format';

/** Encodes a value as paths have it: base64 with the alphabet of URLs, `=` for the empty one. */
function encoded(value: string): string {
  if (value === '') return '=';
  let bytes = '';
  for (const b of new TextEncoder().encode(value)) bytes += String.fromCharCode(b);
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Returns the path of a group, relative to the base; all values are encoded, since they may have slashes. */
export function groupPath(labels: Labels): string {
  const parts = [`metrics/job@base64/${encoded(labels.job ?? '')}`];
  for (const [name, value] of Object.entries(labels))
    if (name !== 'job') parts.push(`${encodeURIComponent(name)}@base64/${encoded(value)}`);
  return parts.join('/');
}
