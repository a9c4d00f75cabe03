import {
  Annotation,
  type ChangeSet,
  type ChangeSpec,
  StateEffect,
  StateField,
  Transaction,
  type TransactionSpec,
} from '@codemirror/state';
import type { EditorView, PluginValue, ViewUpdate } from '@codemirror/view';
import { points, toChanges, toOp, toShow } from './changes.ts';
import type { Edit, Op, SharedText, Splice, TextChange } from './text.ts';

/** On transactions that show what has become of the text: they are no edits. */
export const shown = Annotation.define<boolean>();

/** Says whether users may write. */
export const permit = StateEffect.define<boolean>();

/** Whether users may write; at first they may not. */
export const permitted = StateField.define<boolean>({
  create: () => false,
  update: (value, { effects }) => effects.reduce((now, e) => (e.is(permit) ? e.value : now), value),
});

export interface SyncOptions {
  /** Whether users may write while the text has this status; else the editor is read-only. As it is: while it is `open`. */
  writable?: (status: string) => boolean;
  /** Called when the server has rejected something that was written here: it is shown no more. */
  onRejected?: (error: unknown) => void;
}

/** What an editor is to its synchronisation. */
export type Editor = Pick<EditorView, 'state' | 'dispatch' | 'compositionStarted'>;

/**
 * Keeps an editor and a text the same.
 *
 * A change in the line in which something is composed would end the composition, and
 * leave what was composed there twice. So it is held, with all that comes behind it,
 * until the composition is done; what is composed meanwhile is an edit as ever, and
 * goes to the text across what is held. Changes elsewhere are shown at once.
 */
export class Sync implements PluginValue {
  readonly #editor: Editor;
  readonly #text: SharedText;
  readonly #options: SyncOptions;
  readonly #stops: (() => void)[];
  /** The text is being told of an edit. */
  #editing = false;
  /** What is being taken back was done here. */
  #reverting: 'undo' | 'redo' | undefined;
  /** What has become of the text and is not shown yet, as changes of what is. */
  #held: ChangeSet | undefined;
  #due = false;
  #ended = false;
  /** The edits that are watched. */
  readonly #watched = new WeakSet<Edit>();

  constructor(editor: Editor, text: SharedText, options: SyncOptions = {}) {
    this.#editor = editor;
    this.#text = text;
    this.#options = options;
    this.#stops = [text.onChange((change) => this.#told(change)), text.onStatus(() => this.#renew())];
    this.#renew();
  }

  update({ transactions }: Pick<ViewUpdate, 'transactions'>): void {
    for (const transaction of transactions) {
      const { docChanged, changes, newDoc } = transaction;
      if (!docChanged || transaction.annotation(shown)) continue;
      const held = this.#held;
      this.#edit(() => toOp(held ? changes.map(held) : changes, this.#text));
      this.#held = held?.map(changes, true);
      if (this.#text.toUnits(this.#text.length) !== (this.#held?.newLength ?? newDoc.length)) this.#renew();
    }
  }

  /** A composition is done: shows what was held. */
  composed(): void {
    const held = this.#held;
    if (!held || this.#ended || this.#editor.compositionStarted) return;
    this.#held = undefined;
    this.#show(held);
  }

  /** Where a place of the editor is in the text, both in code units. */
  toText(units: number): number {
    return this.#held?.mapPos(units) ?? units;
  }

  /** Where a place of the text is in the editor, both in code units. */
  toEditor(units: number): number {
    const { length } = this.#editor.state.doc;
    return this.#held
      ? this.#held.invertedDesc.mapPos(Math.min(units, this.#held.newLength))
      : Math.min(units, length);
  }

  /** Takes back what was done here, or makes it again. */
  revert(what: 'undo' | 'redo'): void {
    this.#reverting = what;
    this.#text[what]();
    this.#reverting = undefined;
  }

  destroy(): void {
    this.#ended = true;
    for (const stop of this.#stops) stop();
  }

  #edit(op: () => Op): void {
    this.#editing = true;
    try {
      const edit = this.#text.edit(op());
      if (edit) this.#watch(edit);
    } catch (error) {
      this.#options.onRejected?.(error);
      this.#renew();
    } finally {
      this.#editing = false;
    }
  }

  /** Tells once if it is rejected; several edits may be one. */
  #watch(edit: Edit): void {
    if (this.#watched.has(edit)) return;
    this.#watched.add(edit);
    edit.server.catch((error) => {
      if (!this.#ended) this.#options.onRejected?.(error);
    });
  }

  #told({ op, own }: TextChange): void {
    // What others did is seen at once, or, while the editor tells of an edit, behind it.
    if (this.#editing || this.#due) {
      if (!own) this.#renew();
      return;
    }
    const { state, compositionStarted } = this.#editor;
    const held = this.#held;
    const before = held ? held.apply(state.doc) : state.doc;
    const grown = op.reduce((sum, [, n, inserted]) => sum - n + points(inserted), 0);
    const changes = toChanges(op, before, this.#text.length - grown);
    const { from, to } = state.doc.lineAt(state.selection.main.head);
    if (held) this.#held = held.compose(changes);
    else if (compositionStarted && changes.touchesRange(from, to)) this.#held = changes;
    else this.#show(changes, op.at(-1));
  }

  /** Shows changes; if they take something back that was done here, with the caret behind the last of them. */
  #show(changes: ChangeSpec, last?: Splice): void {
    const annotations = [shown.of(true), Transaction.remote.of(true), Transaction.addToHistory.of(false)];
    const spec: TransactionSpec = { changes, annotations, filter: false };
    if (this.#reverting && last) {
      const [at, , inserted] = last;
      spec.selection = { anchor: this.#text.toUnits(at + points(inserted)) };
      spec.scrollIntoView = true;
      spec.userEvent = this.#reverting;
    }
    this.#editor.dispatch(spec);
  }

  /** Shows the text and whether it can be written, whatever the editor shows, when the editor can be changed again. */
  #renew(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      if (this.#ended) return;
      const { writable = (status) => status === 'open' } = this.#options;
      const may = writable(this.#text.status);
      if (may !== this.#editor.state.field(permitted)) this.#editor.dispatch({ effects: permit.of(may) });
      if (this.#held) return;
      const change = toShow(this.#editor.state.doc, this.#text.value);
      if (change.from < change.to || change.insert.length > 0) this.#show(change);
    });
  }
}
