import type { Mutation, Overridden } from '@tutti/client';

/** A line of the list. */
export interface Todo {
  text: string;
  done: boolean;
}

/** Something that a visitor is told about a line. */
export interface Note {
  kind: 'rejected' | 'overridden';
  text: string;
}

/** What is told of one line, and as what it is shown if it is not in the list. */
export interface Noted {
  todo: Todo;
  notes: Note[];
}

const none: readonly Note[] = [];

/** What visitors are told beside their lists: changes that were rejected, and values that were lost. */
export class Notes {
  readonly #byKey = new Map<string, Noted>();

  /** The same list as long as nothing was noted or cleared. */
  get(key: string): readonly Note[] {
    return this.#byKey.get(key)?.notes ?? none;
  }

  entries(): Iterable<readonly [key: string, noted: Noted]> {
    return this.#byKey;
  }

  /** A change was rejected; `shown` is what is now shown instead. */
  reject({ keys, local, error }: Mutation, shown: (key: string) => Todo | undefined): void {
    for (const key of keys) {
      const made = local instanceof Map ? local.get(key) : local;
      const wanted = made === undefined ? undefined : readTodo(made);
      const now = shown(key);
      const what = describe(wanted, now && readTodo(now));
      const text = `${what} was rejected: ${error?.message} (${error?.code})`;
      this.#add(key, wanted ?? readTodo(now), { kind: 'rejected', text });
    }
  }

  /** A value was overwritten unseen: told if this client, `me`, wrote the one or the other. */
  override({ key, field, before, lost, won }: Overridden, me: string | undefined, shown?: Todo): void {
    const wrote = (by: { client?: string }) => me !== undefined && by.client === me;
    if (wrote(lost) === wrote(won)) return;
    const what = nameValue(field, before);
    const text = wrote(won)
      ? `You overwrote ${what}, which somebody else wrote and you had not seen.`
      : `Somebody who had not seen it overwrote ${what} that you wrote.`;
    const todo = readTodo(shown);
    this.#add(key, field === 'text' && !shown ? { ...todo, text: String(before) } : todo, {
      kind: 'overridden',
      text,
    });
  }

  clear(keys: Iterable<string>): void {
    for (const key of keys) this.#byKey.delete(key);
  }

  #add(key: string, todo: Todo | undefined, note: Note): void {
    const notes = this.get(key).filter(({ text }) => text !== note.text);
    this.#byKey.set(key, { todo: todo ?? { text: '', done: false }, notes: [...notes, note].slice(-3) });
  }
}

/** Takes what anybody may have written to the list for a line. */
export function readTodo(record: unknown): Todo {
  const { text, done } = (record ?? {}) as Record<string, unknown>;
  return { text: typeof text === 'string' ? text : '', done: done === true };
}

/** What a change was, by what it made of a line and what the line is without it. */
function describe(wanted: Todo | undefined, now: Todo | undefined): string {
  if (!wanted) return 'Deleting it';
  if (wanted.text !== now?.text) return `“${wanted.text}”`;
  if (wanted.done !== now.done) return wanted.done ? 'Ticking it off' : 'Opening it again';
  return 'Moving it';
}

function nameValue(field: string, value: unknown): string {
  switch (field) {
    case 'text':
      return `the text “${value}”`;
    case 'done':
      return value === true ? 'the tick' : 'the open box';
    case 'order':
      return 'the place';
    default:
      return `the field ${field}`;
  }
}
