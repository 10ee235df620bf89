/** Series colours: ten hues that colour-blind people can distinguish, then the same with dashes. */
const LIGHT = [
  '#0b62a8',
  '#c2570c',
  '#0a7f5f',
  '#a3347f',
  '#6b5bb3',
  '#8f6b00',
  '#2a8fb5',
  '#a12b2b',
  '#4f7a1d',
  '#5b6570',
];
const DARK = [
  '#5aa9e6',
  '#f0913f',
  '#3cc29a',
  '#e07cbd',
  '#a897ea',
  '#d9b43a',
  '#7fd0ee',
  '#f07f78',
  '#9dcc5b',
  '#b0bac5',
];
const DASHES: (number[] | undefined)[] = [undefined, [6, 3], [2, 3], [8, 3, 2, 3]];

export function seriesColor(slot: number, dark: boolean): string {
  const palette = dark ? DARK : LIGHT;
  return palette[slot % palette.length] as string;
}

export function seriesDash(slot: number): number[] | undefined {
  return DASHES[Math.floor(slot / LIGHT.length) % DASHES.length];
}

/** Gives each series a slot and keeps it while the series stays in view. */
export class ColorBook {
  private slots = new Map<string, number>();

  assign(keys: readonly string[]): number[] {
    const kept = new Map<string, number>();
    const used = new Set<number>();
    for (const k of keys) {
      const slot = this.slots.get(k);
      if (slot !== undefined) {
        kept.set(k, slot);
        used.add(slot);
      }
    }
    let next = 0;
    for (const k of keys) {
      if (kept.has(k)) continue;
      while (used.has(next)) next++;
      kept.set(k, next);
      used.add(next);
    }
    this.slots = kept;
    return keys.map((k) => kept.get(k) as number);
  }
}
