import type { RecordCell } from './cell.ts';
import { equal, own } from './json.ts';
import type { Mutating, Mutation } from './mutation.ts';

/** How many mutations can be undone. */
const maxSteps = 1000;

/** Operations on single records that take a mutation back. */
type Step = readonly Inverse[];

export type Inverse =
  | { op: 'set'; key: string; value: object; own: true }
  | { op: 'patch'; key: string; set?: Record<string, unknown>; unset?: string[]; own: true }
  | { op: 'delete'; key: string; own: true };

/** What of a record is shown before and after a mutation. */
export type Difference = readonly [
  key: string,
  before: RecordCell | undefined,
  after: RecordCell | undefined,
];

/** What takes a change back, of each field only where it still holds one's own value (rule RECORDS-12). */
export function invert(differences: readonly Difference[]): Step {
  const step: Inverse[] = [];
  for (const [key, before, after] of differences) {
    if (before && after) {
      const patch = restore(before, after);
      if (patch) step.push({ op: 'patch', key, ...patch, own: true });
    } else if (before) {
      step.push({ op: 'set', key, value: before.fields, own: true });
    } else if (after) {
      step.push({ op: 'delete', key, own: true });
    }
  }
  return step;
}

/** Fields to set and to remove so that a record is as before; undefined if it is. */
function restore(
  before: RecordCell,
  after: RecordCell,
): { set?: Record<string, unknown>; unset?: string[] } | undefined {
  const set = Object.entries(before.fields).filter(
    ([name, value]) => !Object.hasOwn(after.fields, name) || !equal(value, own(after.fields, name)),
  );
  const unset = Object.keys(after.fields).filter((name) => !Object.hasOwn(before.fields, name));
  if (!set.length && !unset.length) return undefined;
  return { ...(set.length && { set: Object.fromEntries(set) }), ...(unset.length && { unset }) };
}

/** What the history needs of its handle. */
interface Editor {
  shown(key: string): RecordCell | undefined;
  /** Makes a mutation of these operations, and tells what it changed. */
  apply(ops: readonly Inverse[]): { mutating: Mutating; differences: readonly Difference[] };
}

/** The mutations made through one handle that can be undone, and those undone that can be redone. */
export class History {
  readonly #editor: Editor;
  readonly #undo: Step[] = [];
  readonly #redo: Step[] = [];

  constructor(editor: Editor) {
    this.#editor = editor;
  }

  get canUndo(): boolean {
    return this.#undo.length > 0;
  }

  get canRedo(): boolean {
    return this.#redo.length > 0;
  }

  /** The application has made a mutation. */
  add(mutating: Mutating, differences: readonly Difference[]): void {
    if (mutating.over) return;
    this.#redo.length = 0;
    this.#push(this.#undo, mutating, differences);
    if (this.#undo.length > maxSteps) this.#undo.shift();
  }

  undo(): Mutation | undefined {
    return this.#revert(this.#undo, this.#redo);
  }

  redo(): Mutation | undefined {
    return this.#revert(this.#redo, this.#undo);
  }

  /** Takes back the latest step of which anything can be taken back. */
  #revert(from: Step[], to: Step[]): Mutation | undefined {
    for (let step = from.pop(); step; step = from.pop()) {
      const taken = step;
      const ops = step.filter((op) => (op.op === 'set') === !this.#editor.shown(op.key));
      if (!ops.length) continue;
      const at = from.length;
      const { mutating, differences } = this.#editor.apply(ops);
      this.#push(to, mutating, differences, () => from.splice(Math.min(at, from.length), 0, taken));
      return mutating.mutation;
    }
    return undefined;
  }

  /**
   * A step whose mutation fails is no step. One that is confirmed goes back to
   * what it replaced in the log, not to what was shown when it was made.
   */
  #push(steps: Step[], mutating: Mutating, differences: readonly Difference[], failed?: () => void): void {
    let step = invert(differences);
    if (step.length) steps.push(step);
    mutating.folded = (cells) => {
      const i = steps.indexOf(step);
      step = invert(cells as readonly Difference[]);
      if (i >= 0) steps.splice(i, 1, ...(step.length ? [step] : []));
    };
    const settled = (): void => {
      if (mutating.mutation.status === 'confirmed') return;
      const i = steps.indexOf(step);
      if (i >= 0) steps.splice(i, 1);
      failed?.();
    };
    if (mutating.over) settled();
    else mutating.settled = settled;
  }
}
