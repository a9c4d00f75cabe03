import { EditorState, type Transaction, type TransactionSpec } from '@codemirror/state';
import { type Op, Replica } from '../../text/src/index.ts';
import { transformPosition } from '../../text/src/transform.ts';
import type { Anchor, Edit, SharedText, TextChange } from '../src/index.ts';
import { type Editor, permitted, Sync, type SyncOptions } from '../src/sync.ts';

/** A text of a client, as `client.text(topic)` has it, whose server is another replica. */
export class Text implements SharedText {
  readonly replica: Replica;
  status = 'open';
  /** What the next edit is refused for. */
  refusal: Error | undefined;
  edits: Op[] = [];
  readonly #changes = new Set<(change: TextChange) => void>();
  readonly #moves = new Set<() => void>();

  constructor(agent: string) {
    this.replica = new Replica(agent);
  }

  get value(): string {
    return this.replica.toString();
  }

  get length(): number {
    return this.replica.length;
  }

  toUnits(position: number): number {
    return this.replica.toUnits(position);
  }

  toPosition(units: number): number {
    return this.replica.toPosition(units);
  }

  edit(op: Op): Edit | undefined {
    const refusal = this.refusal;
    this.refusal = undefined;
    if (refusal) return { server: Promise.reject(refusal) };
    this.replica.edit(op);
    this.edits.push(op);
    this.#tell(op, true);
    return { server: Promise.resolve() };
  }

  undo(): void {
    this.#tell(this.replica.undo(), true);
  }

  redo(): void {
    this.#tell(this.replica.redo(), true);
  }

  anchor(position: number, side: 'left' | 'right'): Anchor {
    const anchor = { position, release: () => {} };
    anchor.release = this.onChange(({ op }) => {
      anchor.position = transformPosition(anchor.position, op, side);
    });
    return anchor;
  }

  /** Takes in what another has, told splice by splice when all is there. */
  pull({ replica }: Text): void {
    for (const splice of this.replica.merge(replica.since(this.replica.version())))
      this.#tell([splice], false);
  }

  move(status: string): void {
    this.status = status;
    for (const listener of this.#moves) listener();
  }

  get followers(): number {
    return this.#changes.size + this.#moves.size;
  }

  onChange(listener: (change: TextChange) => void): () => void {
    this.#changes.add(listener);
    return () => this.#changes.delete(listener);
  }

  onStatus(listener: () => void): () => void {
    this.#moves.add(listener);
    return () => this.#moves.delete(listener);
  }

  #tell(op: Op, own: boolean): void {
    if (op.length > 0) for (const listener of this.#changes) listener({ op, own });
  }
}

/** An editor without a page: its state, and the synchronisation that is told of each transaction. */
export class Bench implements Editor {
  state: EditorState;
  readonly text: Text;
  readonly sync: Sync;
  transactions: Transaction[] = [];
  compositionStarted = false;
  #updating = false;

  constructor(text: Text, options: SyncOptions = {}, doc = text.value) {
    this.state = EditorState.create({
      doc,
      extensions: [permitted, EditorState.allowMultipleSelections.of(true)],
    });
    this.text = text;
    this.sync = new Sync(this as Editor, text, options);
  }

  get value(): string {
    return this.state.doc.toString();
  }

  /** Begins or ends a composition at the caret. */
  compose(on: boolean): void {
    this.compositionStarted = on;
    if (!on) this.sync.flush();
  }

  readonly dispatch = (...specs: (Transaction | readonly Transaction[] | TransactionSpec)[]): void => {
    if (this.#updating) throw new Error('The editor is being updated.');
    const transaction = this.state.update(...(specs as TransactionSpec[]));
    this.state = transaction.state;
    this.transactions.push(transaction);
    this.#updating = true;
    this.sync.update({ transactions: [transaction] });
    this.#updating = false;
  };
}
