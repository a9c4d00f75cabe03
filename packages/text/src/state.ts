import { admit } from './admit.ts';
import { type Arrived, weight } from './change.ts';
import { TextError } from './error.ts';
import type { Heads } from './graph.ts';
import { History } from './history.ts';
import { Changes, type Op, put } from './op.ts';
import { Rope } from './rope.ts';
import { Nearby, walk } from './walk.ts';
import { Walker } from './walker.ts';

/** About how many bytes of updates are held whose causes are missing. */
const maxHeld = 1 << 20;

/** A history, its version, which is that of the text, and a walker there, if there is one. */
export interface Loaded {
  history: History;
  version: Heads;
  walker?: Walker;
}

/** How the history of a text is read, and what it was opened from. */
export interface Unread {
  load: () => Loaded;
  saved?: Uint8Array;
}

/** What a replica consists of. */
export class State {
  text = new Rope();
  version: Heads = [];
  /** What came whose causes have not come yet. */
  held: Arrived[] = [];
  readonly near = new Nearby();
  #history = new History();
  /** Applies all events, once someone asks for what the text alone does not tell. */
  #whole: Walker | undefined;
  #unread: Unread | undefined;

  /** Goes on from a text whose history is read when it is needed first. */
  resume(text: string, unread: Unread): void {
    this.text = new Rope(text);
    this.#unread = unread;
  }

  /** What it was opened from, until its history is needed. */
  get saved(): Uint8Array | undefined {
    return this.#unread?.saved;
  }

  /** The history, which is read if it was not yet. Only then the version is right. */
  get history(): History {
    if (this.#unread !== undefined) {
      const { history, version, walker } = this.#unread.load();
      this.#unread = undefined;
      this.#history = history;
      this.version = version;
      this.#whole = walker;
      if (walker !== undefined) this.near.adopt(walker, history.end);
    }
    return this.#history;
  }

  /** Takes in changes for an agent, as `Replica.merge` does. */
  take(agent: string, changes: readonly Arrived[]): Op {
    const { history, near, text } = this;
    const before = history.mark();
    const told = new Changes();
    try {
      const held = admit(history, agent, [...this.held, ...changes]);
      if (held.reduce((sum, change) => sum + weight(change), 0) > maxHeld) {
        throw new TextError('limit_exceeded', 'Too much is held whose causes have not come.');
      }
      this.version = walk(history, this.version, before.end, text.runes, near, told.add);
      this.held = held;
    } catch (error) {
      history.rewind(before);
      near.drop();
      this.#whole = undefined;
      throw error;
    }
    for (const splice of told.op) put(text, splice);
    return told.op;
  }

  /** The walker that has applied all events, at the replica's version. */
  replay(): Walker {
    const { history } = this;
    this.#whole ??= new Walker(history, -1);
    this.#whole.reach(history.end);
    this.#whole.visit(this.version);
    return this.#whole;
  }
}
