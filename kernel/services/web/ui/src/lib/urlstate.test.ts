import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NEW_PANEL, formatTime, parseTime, readPanels, stepOf, stepRange, writePanels } from './urlstate';

const read = (s: string) => readPanels(s)[0];

test('old links of rules and dashboards open the graph', () => {
  assert.deepEqual(read('?g0.expr=up%20%3D%3D%200&g0.tab=0'), { ...NEW_PANEL, expr: 'up == 0', tab: 'graph' });
  assert.equal(read('?g0.expr=up&g0.tab=1')?.tab, 'table');
  assert.equal(read('?g0.expr=up&g0.tab=0&g0.stacked=1')?.display, 'stacked');
  assert.deepEqual(read('?g0.expr=up&g0.step_input=30')?.resolution, { type: 'custom', stepMs: 30_000 });
});

test('all parameters are read', () => {
  const p = read(
    '?g0.expr=up&g0.show_tree=1&g0.compare=1d&g0.tab=graph&g0.end_input=2026-02-03+04%3A05%3A06&g0.moment_input=2026-02-03+04%3A05%3A06&g0.range_input=1h30m' +
      '&g0.res_type=fixed&g0.res_step=0.5&g0.display_mode=stacked&g0.y_axis_min=0&g0.show_exemplars=1',
  );
  assert.deepEqual(p, {
    expr: 'up',
    showTree: true,
    tab: 'graph',
    endMs: Date.UTC(2026, 1, 3, 4, 5, 6),
    rangeMs: 5_400_000,
    resolution: { type: 'fixed', stepMs: 500 },
    display: 'stacked',
    yAxisMin: 0,
    showExemplars: true,
    compare: '1d',
  });
});

test('what is written is byte for byte what was read', () => {
  const url =
    '?g0.expr=rate%28a%5B5m%5D%29&g0.show_tree=0&g0.tab=graph&g0.range_input=1h&g0.res_type=auto&g0.res_density=medium&g0.display_mode=lines&g0.show_exemplars=0' +
    '&g1.expr=up&g1.show_tree=0&g1.tab=table&g1.end_input=2026-02-03+04%3A05%3A06&g1.moment_input=2026-02-03+04%3A05%3A06&g1.range_input=6h&g1.res_type=custom&g1.res_step=15&g1.display_mode=stacked&g1.y_axis_min=0&g1.show_exemplars=1';
  assert.equal(writePanels(readPanels(url)), url);
});

test('nonsense falls back to defaults', () => {
  assert.deepEqual(read('?g0.expr=up&g0.range_input=x&g0.tab=y&g0.res_type=z&g0.end_input=never&g0.display_mode=q'), {
    ...NEW_PANEL,
    expr: 'up',
  });
  assert.deepEqual(readPanels('?g1.expr=up'), []);
});

test('times are UTC', () => {
  assert.equal(parseTime('2026-02-03 04:05'), Date.UTC(2026, 1, 3, 4, 5));
  assert.equal(parseTime('2026-02-03T04:05:06+01:00'), Date.UTC(2026, 1, 3, 3, 5, 6));
  assert.equal(parseTime('1770000000'), 1_770_000_000_000);
  assert.equal(parseTime('soon'), null);
  assert.equal(formatTime(0), '1970-01-01 00:00:00');
});

test('ranges step and resolutions follow them', () => {
  assert.equal(stepRange(3_600_000, true), 7_200_000);
  assert.equal(stepRange(3_600_000, false), 1_800_000);
  assert.equal(stepRange(1000, false), 1000);
  assert.equal(stepOf({ type: 'auto', density: 'medium' }, 3_600_000), 14_400);
});

test('a comparison that the page does not offer is none', () => {
  assert.equal(read('?g0.expr=up&g0.compare=3y')?.compare, '');
  assert.equal(read(writePanels([{ ...NEW_PANEL, expr: 'up', compare: '1w' }]))?.compare, '1w');
  assert.doesNotMatch(writePanels([{ ...NEW_PANEL, expr: 'up' }]), /compare/);
});
