/** Panels of older documents, turned into those of today. */
import type { Json } from './read';

/** The panel as a kind of today has it; what cannot be turned is added to the problems. */
export function oldPanel(p: Json, problems: string[]): Json {
  void problems;
  return p;
}
