import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatMatchers, matchersOf, parseMatchers, satisfies } from './matchers';

test('matchers read and print', () => {
  const text = '{alertname="Down", instance=~"a.*", job!="b", "my.label"!~"c\\"d"}';
  const parsed = parseMatchers(text);
  assert.ok(Array.isArray(parsed));
  assert.equal(formatMatchers(parsed), text);
});

test('braces, quotes and a last comma may be missing or there', () => {
  assert.deepEqual(parseMatchers('a=b,c=~d'), parseMatchers('{a="b", c=~"d",}'));
  assert.deepEqual(parseMatchers(''), []);
  assert.deepEqual(parseMatchers('a=""'), [{ name: 'a', value: '', isRegex: false, isEqual: true }]);
});

test('faults are named', () => {
  for (const bad of ['{a="b"', 'a', 'a="b" c="d"', '="b"']) assert.ok('error' in parseMatchers(bad), bad);
});

test('labels become matchers, the name of the alert first', () => {
  assert.equal(formatMatchers(matchersOf({ a: '1', alertname: 'X' })), '{alertname="X", a="1"}');
});

test('labels satisfy matchers as in the Alertmanager: whole values, missing labels empty', () => {
  const ok = (text: string) => {
    const all = parseMatchers(text);
    assert.ok(Array.isArray(all));
    return satisfies({ job: 'api', env: 'prod' }, all);
  };
  assert.ok(ok('{job="api", env=~"pr.*", zone=""}'));
  assert.ok(!ok('{env=~"pro"}'));
  assert.ok(ok('{env!~"pro", job!="x"}'));
  assert.ok(!ok('{env=~"("}'));
});
