import type { PluginState } from './api';

/** A colour, as `Tone` of the components. */
type Tone = 'good' | 'warn' | 'bad' | 'info' | 'mute';

const TONES: Record<PluginState, Tone> = {
  running: 'good',
  failed: 'bad',
  quarantined: 'bad',
  degraded: 'warn',
  needs: 'warn',
  waiting: 'warn',
  checking: 'info',
  starting: 'info',
  stopped: 'mute',
};

/** The colour of a state; one that only a newer server knows has none. */
export function pluginTone(state: PluginState): Tone {
  return TONES[state] ?? 'mute';
}

/** Whether a plugin in this state can be stopped. */
export function isStoppable(state: PluginState): boolean {
  return state !== 'stopped' && state !== 'quarantined';
}
