import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextPage } from './next';

const base = 'https://metrics.example/prefix/';
const home = `${base}query`;

test('a login leads to own pages only', () => {
  const to = (next: string) => nextPage(`?next=${encodeURIComponent(next)}`, base);
  assert.equal(to('alerts?a=b%20c'), `${base}alerts?a=b%20c`);
  assert.equal(to('metrics'), `${base}metrics`);
  for (const foreign of [
    'https://evil.example/',
    '//evil.example/x',
    '\\\\evil.example',
    '/other',
    '../x',
    'javascript:alert(1)',
    'data:text/html,x',
    'https://a@metrics.example/prefix/x',
    'login?next=login',
    '',
  ])
    assert.equal(to(foreign), home, foreign);
  assert.equal(nextPage('', base), home);
});
