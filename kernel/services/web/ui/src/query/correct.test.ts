import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricOf, otherMetric, otherValue } from './correct';

test('the metric of a selector', () => {
  assert.equal(metricOf('up{job="a"}'), 'up');
  assert.equal(metricOf('up[5m]'), 'up');
  assert.equal(metricOf('{"a.b", job="x"}'), 'a.b');
  assert.equal(metricOf('{__name__="up"}'), 'up');
  assert.equal(metricOf('{job="up"}'), '');
});

test('another metric replaces only the name of the metric', () => {
  assert.equal(otherMetric('sum(rat{rat="rat"}) / rat(x)', 'rat', 'rate'), 'sum(rate{rat="rat"}) / rat(x)');
  assert.equal(otherMetric('{__name__="uo", job="uo"}', 'uo', 'up'), '{__name__="up", job="uo"}');
  assert.equal(otherMetric('{"uo", job="uo"}', 'uo', 'up'), '{"up", job="uo"}');
  assert.equal(otherMetric('up', 'up', 'my.metric'), '{"my.metric"}');
  assert.equal(otherMetric('up', '', 'x'), 'up');
});

test('another value replaces its matcher and no other', () => {
  assert.equal(
    otherValue('up{job = "ndoe"} and x{job="a", instance="ndoe"}', 'job="ndoe"', 'node'),
    'up{job="node"} and x{job="a", instance="ndoe"}',
  );
  assert.equal(otherValue('up{job=~"nd.*"}', 'job=~"nd.*"', 'a"b'), 'up{job="a\\"b"}');
  assert.equal(otherValue("up{job='ndoe'}", 'job="ndoe"', 'node'), 'up{job="node"}');
  assert.equal(
    otherValue('label_replace(up, "job=\\"a\\"", "", "", "")', 'job="a"', 'b'),
    'label_replace(up, "job=\\"a\\"", "", "", "")',
  );
  assert.equal(otherValue('up', 'nonsense', 'b'), 'up');
});
