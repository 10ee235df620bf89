/** Transformations: tables made of tables, in the order the panel lists them. */
import type { Scope } from './interpolate';
import type { Frame, Transformation } from './model';

type Step = (frames: readonly Frame[], options: Readonly<Record<string, unknown>>) => readonly Frame[];

const STEPS: Readonly<Record<string, Step>> = {};

/** Ids that are done. */
export const KNOWN: ReadonlySet<string> = new Set(Object.keys(STEPS));

/** Applies the transformations; those that are not known are passed over. */
export function transform(
  frames: readonly Frame[],
  transformations: readonly Transformation[],
  scope: Scope,
): readonly Frame[] {
  void scope;
  let now = frames;
  for (const t of transformations) {
    const step = Object.hasOwn(STEPS, t.id) ? STEPS[t.id] : undefined;
    if (!t.disabled && step !== undefined) now = step(now, t.options);
  }
  return now;
}
