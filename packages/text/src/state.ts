import type { Arrived } from './change.ts';
import type { Heads } from './graph.ts';
import { History } from './history.ts';
import { Rope } from './rope.ts';
import { Nearby } from './walk.ts';
import { Walker } from './walker.ts';

/** A history, and a walker at its version, which is that of the text. */
export interface Loaded {
  history: History;
  version: Heads;
  walker: Walker;
}

/** What a replica was opened from, and how its history is read. */
export interface Unread {
  saved: Uint8Array;
  load: () => Loaded;
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

  /** Goes on from a text with its history. */
  become(text: string, history: History, version: Heads, held: readonly Arrived[]): void {
    this.text = new Rope(text);
    this.#history = history;
    this.version = version;
    this.held = [...held];
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
      this.near.adopt(walker, history.end);
    }
    return this.#history;
  }

  /** Gives up what has applied events that are taken back. */
  forget(): void {
    this.near.drop();
    this.#whole = undefined;
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
