import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expandLink, isSafe } from './links';

const at = { labels: { __name__: 'up', pod: 'a b/c', trace_id: 'x&y' }, startMs: 1000.4, endMs: 2000 };

test('what stands in braces is filled in, percent-encoded', () => {
  assert.equal(expandLink('https://t.example/{labels.trace_id}', at), 'https://t.example/x%26y');
  assert.equal(
    expandLink('/logs?q={labels}&from={start}&to={end}', at),
    '/logs?q=%7Bpod%3D%22a%20b%2Fc%22%2C%20trace_id%3D%22x%26y%22%7D&from=1000&to=2000',
  );
  assert.equal(expandLink('/x/{labels.absent}?{other}', at), '/x/?{other}');
});

test('only http, https and relative addresses are links', () => {
  for (const good of ['http://a/', 'HTTPS://a/b', 'd/abc', '/d', '?x=1', '//host/x', '#a', '/x:y'])
    assert.equal(isSafe(good), true, good);
  for (const bad of [
    'javascript:alert(1)',
    'java\nscript:alert(1)',
    ' javascript:x',
    'data:text/html,x',
    'http:x',
    'x y',
    '',
    '1a:b',
    'vbscript:x',
    '\\\\h',
  ])
    assert.equal(isSafe(bad), false, bad);
});

test('a label cannot make the scheme of a link', () => {
  assert.equal(expandLink('{labels.a}', { ...at, labels: { a: 'javascript:alert(1)' } }), 'javascript%3Aalert(1)');
  assert.equal(expandLink('java{labels.b}script:{labels.a}', { ...at, labels: { a: '1' } }), null);
});

test('an address that is too long is no link', () => {
  assert.equal(expandLink('/{labels.a}', { ...at, labels: { a: 'x'.repeat(9000) } }), null);
});
