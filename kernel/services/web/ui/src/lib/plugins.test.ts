import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PluginState } from './api';
import { isStoppable, pluginTone } from './plugins';

test('a colour goes with a state as a whole, not with words in it', () => {
  assert.equal(pluginTone('running'), 'good');
  assert.equal(pluginTone('needs'), 'warn');
  assert.equal(pluginTone('quarantined'), 'bad');
  assert.equal(pluginTone('failed to say why' as PluginState), 'mute');
});

test('what is stopped or kept out of service cannot be stopped', () => {
  assert.equal(isStoppable('stopped'), false);
  assert.equal(isStoppable('quarantined'), false);
  assert.equal(isStoppable('failed'), true);
});
