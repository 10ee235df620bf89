import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatMatchers, labelFilter, matchersOf, parseMatchers } from './matchers';

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

test('labels are filtered by matchers, or by words', () => {
  const labels = { alertname: 'Down', instance: 'a:9100' };
  const words = 'team {alertname="Down", instance="a:9100"}';
  for (const yes of ['', 'alertname="Down"', '{instance=~"a.*",alertname!="Up"}', 'job=""', 'team a:9100', 'DOWN'])
    assert.ok(labelFilter(yes)(labels, words), yes);
  for (const no of ['alertname="Up"', 'instance!~"a:.*"', 'job=~".+"', 'alertname=~"("', 'team b:9100'])
    assert.ok(!labelFilter(no)(labels, words), no);
});
