import { useEffect, useState } from 'preact/hooks';
import { isZone, type Zone } from './format';

/** A value that components watch. */
export class Store<T> {
  private readonly watchers = new Set<(value: T) => void>();

  constructor(private current: T) {}

  get(): T {
    return this.current;
  }

  set(value: T): void {
    if (Object.is(value, this.current)) return;
    this.current = value;
    for (const w of this.watchers) w(value);
  }

  watch(watcher: (value: T) => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }
}

export function useStore<T>(store: Store<T>): T {
  const [value, setValue] = useState(store.get());
  useEffect(() => {
    setValue(store.get());
    return store.watch(setValue);
  }, [store]);
  return value;
}

/** A store persisted in the browser; without local storage it lasts as long as the page. */
class Setting<T extends string> extends Store<T> {
  constructor(key: string, fallback: T, allowed: (value: string) => boolean) {
    let was: T | null = null;
    try {
      was = localStorage.getItem(`narthex.${key}`) as T | null;
    } catch {
      was = null;
    }
    super(was !== null && allowed(was) ? was : fallback);
    this.watch((v) => {
      try {
        localStorage.setItem(`narthex.${key}`, v);
      } catch {
        return;
      }
    });
  }
}

export type Theme = 'auto' | 'light' | 'dark';
export const theme: Store<Theme> = new Setting<Theme>('theme', 'auto', (t) => ['auto', 'light', 'dark'].includes(t));
export const zone: Store<Zone> = new Setting<Zone>('zone', 'local', isZone);
export type Contrast = 'auto' | 'more';
export const contrast: Store<Contrast> = new Setting<Contrast>('contrast', 'auto', (c) => ['auto', 'more'].includes(c));

const darkMedia = matchMedia('(prefers-color-scheme: dark)');
export const dark = new Store<boolean>(false);
function applyTheme(): void {
  const t = theme.get();
  document.documentElement.style.colorScheme = t === 'auto' ? 'light dark' : t;
  dark.set(t === 'auto' ? darkMedia.matches : t === 'dark');
}
applyTheme();
theme.watch(applyTheme);
function applyContrast(): void {
  document.documentElement.classList.toggle('contrast', contrast.get() === 'more');
}
applyContrast();
contrast.watch(applyContrast);
darkMedia.addEventListener('change', applyTheme);

/** Counts up when the page should read its data again. */
export const refreshTick = new Store(0);
/** Seconds between automatic refreshes; 0 is off. */
export const refreshEvery = new Store(0);
let timer: ReturnType<typeof setInterval> | undefined;
refreshEvery.watch((seconds) => {
  clearInterval(timer);
  if (seconds > 0)
    timer = setInterval(() => !document.hidden && refreshTick.set(refreshTick.get() + 1), seconds * 1000);
});

/** Reads what {@link remember} kept in the browser. */
export function recent<T>(key: string, fallback: T): T {
  try {
    const text = localStorage.getItem(`narthex.${key}`);
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback;
  }
}

export function remember(key: string, value: unknown): void {
  try {
    localStorage.setItem(`narthex.${key}`, JSON.stringify(value));
  } catch {
    return;
  }
}
