import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compares, labelFor, nameFor, ruleYaml, wrongWith, type Draft } from './ruledraft';

const draft: Draft = {
  name: 'Down',
  expr: 'up{job="a"} == 0',
  hold: '5m',
  severity: 'critical',
  summary: '{{ $labels.instance }} is down',
  description: '',
};

test('a rule is written as YAML', () => {
  assert.equal(
    ruleYaml(draft),
    [
      'groups:',
      '  - name: drafts',
      '    rules:',
      '      - alert: Down',
      '        expr: "up{job=\\"a\\"} == 0"',
      '        for: 5m',
      '        labels:',
      '          severity: critical',
      '        annotations:',
      '          summary: "{{ $labels.instance }} is down"',
      '',
    ].join('\n'),
  );
});

test('what is empty is left out, and several lines are a block', () => {
  const yaml = ruleYaml({ ...draft, expr: 'up\n  == 0', hold: '', severity: '', summary: '' });
  assert.match(yaml, /expr: \|-\n {10}up\n {12}== 0\n$/);
  assert.doesNotMatch(yaml, /for:|labels:|annotations:/);
});

test('words that YAML reads as something else are quoted', () => {
  assert.match(ruleYaml({ ...draft, severity: 'off' }), /severity: "off"/);
  assert.match(ruleYaml({ ...draft, severity: '1' }), /severity: "1"/);
});

test('names come from the metric', () => {
  assert.equal(nameFor('sum by (job) (rate(http_requests_total{code="500"}[5m])) > 5'), 'HttpRequestsTotal');
  assert.equal(nameFor('job:up:sum == 0'), 'JobUpSum');
  assert.equal(nameFor('vector(1)'), 'NewAlert');
});

test('the summary names the label that the query groups by', () => {
  assert.equal(labelFor('sum by (job, x) (up)'), 'job');
  assert.equal(labelFor('sum(up) by(team)'), 'team');
  assert.equal(labelFor('up == 0'), 'instance');
});

test('a query that never is empty is noticed', () => {
  assert.equal(compares('up == 0'), true);
  assert.equal(compares('absent(up)'), true);
  assert.equal(compares('up{job!="a", x=">"}'), false);
});

test('what is wrong with a draft is said', () => {
  assert.equal(wrongWith(draft), '');
  assert.match(wrongWith({ ...draft, hold: 'soon' }), /^for: .*got soon/);
  assert.match(wrongWith({ ...draft, name: ' ' }), /^alert:/);
  assert.match(wrongWith({ ...draft, expr: '' }), /^expr:/);
});
