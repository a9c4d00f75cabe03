import { check, type Op, TextError } from '@tutti/text/log';
import type { Document } from '../doc/document.ts';
import type { Mutation } from '../doc/mutation.ts';
import type { Anchor, EditOptions, SharedPosition, Side, TextChange, TextHandle } from '../doc/text.ts';
import { Handle, TuttiError } from '../index.ts';
import { bytesOf, cut } from './cut.ts';
import { joint } from './joint.ts';
import type { TextState } from './state.ts';

/** The most bytes of JSON of an operation that a server takes which has not told it. */
const messageBytes = 64 << 10;
/** So many bytes of JSON an operation has at most that grows with each edit while it waits to be sent. */
const mostGrown = 4096;

/** A document that is a text. */
export type Opened = Document<TextState, TextChange>;

/** What an edit is that does nothing. */
const nothing: Mutation<void> = {
  keys: [''],
  local: undefined,
  server: Promise.resolve({}),
  status: 'confirmed',
  error: undefined,
  cancel: () => false,
};

/** What an application holds of a text. */
export class SharedText extends Handle<Opened, TextChange> implements TextHandle {
  readonly #state: TextState;
  /** The latest operation that was made here, and about how many bytes of JSON it has. */
  #latest = { key: 0, bytes: 0 };

  constructor(document: Opened, report: (error: unknown) => void, timeout: number | undefined) {
    super(document, report, timeout);
    this.#state = document.state;
  }

  get value(): string {
    return this.#state.text;
  }

  get length(): number {
    return this.#state.session.length;
  }

  get pending(): Mutation<void>[] {
    const all = this.#state.keys.map(
      (key) => this.document.mutating(key)?.mutation as Mutation<void> | undefined,
    );
    return all.filter((mutation) => mutation !== undefined);
  }

  get canUndo(): boolean {
    return this.#state.session.canUndo;
  }

  get canRedo(): boolean {
    return this.#state.session.canRedo;
  }

  slice(from: number, to?: number): string {
    return this.#state.session.slice(from, to);
  }

  insert(at: number, text: string, options?: EditOptions): Mutation<void> {
    return this.edit([[at, 0, text]], options);
  }

  delete(at: number, n: number, options?: EditOptions): Mutation<void> {
    return this.edit([[at, n, '']], options);
  }

  replace(at: number, n: number, text: string, options?: EditOptions): Mutation<void> {
    return this.edit([[at, n, text]], options);
  }

  edit(op: Op, options: EditOptions = {}): Mutation<void> {
    const { document } = this;
    const mutation = document.atOnce(() => {
      try {
        this.#check();
        return this.#edit(op, options);
      } catch (error) {
        return document.refuse(known(error), [''], undefined).mutation;
      }
    });
    document.tell();
    return mutation;
  }

  undo(): Mutation<void> | undefined {
    return this.#revert('undo');
  }

  redo(): Mutation<void> | undefined {
    return this.#revert('redo');
  }

  toUnits(position: number): number {
    return told(() => this.#state.session.toUnits(position));
  }

  toPosition(units: number): number {
    return told(() => this.#state.session.toPosition(units));
  }

  anchor(position: number, side: Side = 'left'): Anchor {
    this.toUnits(position);
    const anchor = this.#state.anchor(position, side);
    const stop = this.follow(anchor.release);
    return {
      get position() {
        return anchor.position;
      },
      release: stop,
    };
  }

  share(position: number, last?: SharedPosition): SharedPosition {
    return told(() => this.#state.session.share(position, last));
  }

  locate(shared: SharedPosition): number | undefined {
    return this.#state.session.locate(shared);
  }

  onChange(listener: (change: TextChange) => void): () => void {
    return this.follow(this.document.folded.add(listener));
  }

  onRebased(listener: (change: TextChange) => void): () => void {
    return this.onChange((change) => {
      if (change.rebased) listener(change);
    });
  }

  #check(): void {
    if (this.status === 'closed') throw new TuttiError('closed');
    this.document.check();
  }

  #edit(op: Op, { join, timeout = this.timeout }: EditOptions): Mutation<void> {
    const { document } = this;
    const { typing, session } = this.#state;
    if (check(op, session.length).events === 0) return nothing;
    let step = typing.goesOn(op, document.host.now());
    step = join ?? step;
    const most = Math.min(document.host.messageBytes(), messageBytes) / 2;
    const mutations = new Set<Mutation<void>>();
    for (const part of cut(op, most)) {
      mutations.add(this.#make(part, step, timeout));
      step = true;
    }
    return joint([...mutations]);
  }

  /** Makes an operation, or a part of the latest. */
  #make(op: Op, step: boolean, timeout: number | undefined): Mutation<void> {
    const { document } = this;
    const latest = this.#latest;
    const bytes = op.reduce((sum, splice) => sum + bytesOf(splice), 0);
    const pending = latest.bytes + bytes <= mostGrown ? document.mutating(latest.key) : undefined;
    const operation = pending?.sending?.unsent ? latest.key : 0;
    const { key, change } = this.#state.edit(op, { operation, step });
    document.take(change);
    if (pending && key === latest.key) {
      latest.bytes += bytes;
      document.amend(key);
      return pending.mutation as Mutation<void>;
    }
    this.#latest = { key, bytes };
    return document.send<void>(key, [''], undefined, timeout).mutation;
  }

  #revert(how: 'undo' | 'redo'): Mutation<void> | undefined {
    const { document } = this;
    if (this.status === 'closed' || this.status === 'failed') return undefined;
    const mutation = document.atOnce(() => {
      const { keys, change } = this.#state.revert(how);
      document.take(change);
      if (keys.length === 0) return undefined;
      return joint(keys.map((key) => document.send<void>(key, [''], undefined, this.timeout).mutation));
    });
    document.tell();
    return mutation;
  }
}

/** An error of the engine as one of the client's. */
function known(error: unknown): unknown {
  if (!(error instanceof TextError)) return error;
  return new TuttiError(error.code === 'limit_exceeded' ? error.code : 'bad_operation', error.message);
}

/** Calls a function whose errors are the engine's. */
function told<T>(f: () => T): T {
  try {
    return f();
  } catch (error) {
    throw known(error);
  }
}
