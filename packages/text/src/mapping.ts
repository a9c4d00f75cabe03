import type { Op, Side } from './op.ts';
import { runesOf } from './runes.ts';

/**
 * What moves positions, one behind the other: at a position so many code points were
 * inserted or, below 0, deleted. So it is the same for all who make the same of a
 * text, by whatever splices they are told of it.
 */
export type Mapping = readonly (readonly [at: number, by: number])[];

/** What an operation does to positions. */
export function mappingOf(op: Op): Mapping {
  return op
    .flatMap(([at, n, text]) => [[at, -n] as const, [at, runesOf(text)] as const])
    .filter(([, by]) => by !== 0);
}

/** What takes a mapping back. */
export function inverse(mapping: Mapping): Mapping {
  return mapping.map(([at, by]) => [at, -by] as const).reverse();
}

/** Where a position is after a mapping. What is inserted there moves it if it is on the right side of it. */
export function mapped(at: number, mapping: Mapping, side: Side): number {
  let position = at;
  for (const [from, by] of mapping) {
    if (position > from || (position === from && side === 'right')) position = Math.max(from, position + by);
  }
  return position;
}
