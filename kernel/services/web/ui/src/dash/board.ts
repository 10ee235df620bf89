/** What the parts of an open dashboard share. */
import type { Zone } from '../lib/format';
import { Component, h, type ComponentType } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Store } from '../lib/store';
import { allVariables, interpolate, namesIn, safeUrl, type Scope } from './interpolate';
import type { Dashboard, Link, Panel } from './model';
import type { Runner } from './run';

/** An annotation over time: a moment, or a span when it lasted. */
export interface Mark {
  readonly fromMs: number;
  readonly toMs: number;
  readonly color: string;
  readonly text: string;
}

export interface Board {
  readonly dashboard: Dashboard;
  readonly runner: Runner;
  /** Variables and range as they are now; panels read it when they ask. */
  scope: Scope;
  /** Requests of the board under way. */
  readonly busy: Store<number>;
  readonly marks: Store<readonly Mark[]>;
  /** Whether panels out of view are asked too, to print them. */
  readonly everything: Store<boolean>;
  readonly syncKey: string;
  readonly zoom: (fromMs: number, toMs: number) => void;
  /** Shows one panel alone; null: all. */
  readonly view: (id: number | null) => void;
}

/** Renders again only when the properties differ. */
export function memo<P extends object>(
  what: ComponentType<P>,
  same: (a: Readonly<P>, b: Readonly<P>) => boolean,
): ComponentType<P> {
  return class extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      return !same(this.props as Readonly<P>, next);
    }
    override render() {
      return h(what, this.props as P);
    }
  };
}

const names = new WeakMap<object, readonly string[]>();

/** Names of variables a panel uses anywhere. */
function namesOf(panel: Panel): readonly string[] {
  let known = names.get(panel.targets);
  if (known === undefined) {
    known = namesIn(JSON.stringify(panel));
    names.set(panel.targets, known);
  }
  return known;
}

/** What the picture of a panel depends on, apart from the panel: as long as it is equal, so is the data. */
export function dependencies(panel: Panel, scope: Scope, tick: number): string {
  const used = namesOf(panel);
  const all = used.some((n) => n === '__all_variables') || panel.links.some((l) => l.includeVars);
  const values = scope.chosen
    .filter((c) => all || used.includes(c.variable.name) || c.variable.kind === 'adhoc')
    .map((c) => [c.variable.name, c.values, c.values[0] === '$__all' ? c.options.map((o) => o.value) : 0]);
  return JSON.stringify([values, panel.scoped, scope.range.fromMs, scope.range.toMs, scope.zone, tick]);
}

/** Address a link leads to, with time and variables where it takes them; null when it may not be followed. */
export function hrefOf(link: Link, scope: Scope): string | null {
  const url = safeUrl(interpolate(link.url, scope, 'url'));
  return url === null ? null : extended(url, link, scope);
}

/** Adds the range and the variables that a link takes along. */
export function extended(url: string, link: Pick<Link, 'keepTime' | 'includeVars'>, scope: Scope): string {
  const more: string[] = [];
  if (link.keepTime)
    more.push(
      `from=${encodeURIComponent(scope.from ?? String(scope.range.fromMs))}`,
      `to=${encodeURIComponent(scope.to ?? String(scope.range.toMs))}`,
    );
  if (link.includeVars) {
    const vars = allVariables(scope);
    if (vars !== '') more.push(vars);
  }
  if (more.length === 0) return url;
  const [rest = '', hash] = url.split('#', 2);
  return `${rest}${rest.includes('?') ? '&' : '?'}${more.join('&')}${hash === undefined ? '' : `#${hash}`}`;
}

const queue: (() => void)[] = [];
const channel = new MessageChannel();
channel.port1.onmessage = () => queue.shift()?.();

/** Does it soon, in a task of its own, so that many panels do not make one long one. */
export function later(what: () => void): void {
  queue.push(what);
  channel.port2.postMessage(0);
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Size of an element's content, 0 by 0 until it is known. */
export function useSize<T extends HTMLElement>(): [{ current: T | null }, Size] {
  const ref = useRef<T>(null);
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const el = ref.current;
    if (!el) return undefined;
    const read = () =>
      setSize((was) =>
        was.width === el.clientWidth && was.height === el.clientHeight
          ? was
          : { width: el.clientWidth, height: el.clientHeight },
      );
    read();
    const watch = new ResizeObserver(read);
    watch.observe(el);
    return () => watch.disconnect();
  }, []);
  return [ref, size];
}

/** Dashboards opened without being kept, by name; they last as long as the tab. */
const previews = new Map<string, unknown>();
let previewCount = 0;

/** Keeps a document for this tab and returns its address. */
export function preview(json: unknown): string {
  const id = `p${Date.now().toString(36)}${previewCount++}`;
  previews.set(id, json);
  try {
    sessionStorage.setItem(`narthex.preview.${id}`, JSON.stringify(json));
  } catch {
    // A document too large for the browser's storage lasts until the page is loaded anew.
  }
  return `d/preview/${id}`;
}

/** A document kept by {@link preview}; undefined when the tab has none of that name. */
export function previewed(id: string): unknown {
  const known = previews.get(id);
  if (known !== undefined) return known;
  try {
    const text = sessionStorage.getItem(`narthex.preview.${id}`);
    return text === null ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

/** What a panel's drawing is given. */
export interface Drawing {
  readonly panel: Panel;
  readonly data: import('./model').PanelData;
  readonly board: Board;
  readonly dark: boolean;
  readonly zone: Zone;
}

export function option(panel: Panel, name: string): Readonly<Record<string, unknown>> {
  const v = panel.options[name];
  return typeof v === 'object' && v !== null && !Array.isArray(v) ? (v as Record<string, unknown>) : {};
}

export function word(v: unknown, or = ''): string {
  return typeof v === 'string' ? v : or;
}
