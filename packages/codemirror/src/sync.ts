import { Annotation, type ChangeSpec, StateEffect, StateField, Transaction } from '@codemirror/state';
import type { EditorView, PluginValue, ViewUpdate } from '@codemirror/view';
import { points, toChanges, toOp, toShow } from './changes.ts';
import type { Edit, Op, SharedText, TextChange } from './text.ts';

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
export type Editor = Pick<EditorView, 'state' | 'dispatch'>;

/** Keeps an editor and a text the same. */
export class Sync implements PluginValue {
  readonly #editor: Editor;
  readonly #text: SharedText;
  readonly #options: SyncOptions;
  readonly #stops: (() => void)[];
  /** The text is being told of an edit. */
  #editing = false;
  /** What is being taken back was done here. */
  #reverting: 'undo' | 'redo' | undefined;
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
      if (!transaction.docChanged || transaction.annotation(shown)) continue;
      this.#edit(() => toOp(transaction.changes, this.#text));
      const { length } = transaction.newDoc;
      if (this.#text.toUnits(this.#text.length) !== length) this.#renew();
    }
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
    const grown = op.reduce((sum, [, n, inserted]) => sum - n + points(inserted), 0);
    this.#show(toChanges(op, this.#editor.state.doc, this.#text.length - grown), op);
  }

  #show(changes: ChangeSpec, op?: Op): void {
    const { state } = this.#editor;
    const set = state.changes(changes);
    const annotations = [shown.of(true), Transaction.remote.of(true), Transaction.addToHistory.of(false)];
    const last = this.#reverting && op?.at(-1);
    if (!last) {
      this.#editor.dispatch({ changes: set, annotations, filter: false });
      return;
    }
    const caret = this.#text.toUnits(last[0] + points(last[2]));
    const revert = {
      selection: { anchor: caret },
      scrollIntoView: true,
      userEvent: this.#reverting as string,
    };
    this.#editor.dispatch({ changes: set, annotations, filter: false, ...revert });
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
      const change = toShow(this.#editor.state.doc, this.#text.value);
      if (change.from < change.to || change.insert.length > 0) this.#show(change);
    });
  }
}
