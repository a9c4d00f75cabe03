import {
  Annotation,
  ChangeSet,
  StateEffect,
  StateField,
  type Text,
  Transaction,
  type TransactionSpec,
} from '@codemirror/state';
import type { EditorView, PluginValue, ViewUpdate } from '@codemirror/view';
import { grown, points, toChanges, toOp, toShow } from './changes.ts';
import type { Edit, SharedText, Splice, TextChange } from './text.ts';

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
 * Keeps an editor and a text the same. What others write is held until the end of the
 * turn, as changes of what the editor shows, and shown then, all at once; an edit that
 * is made in between goes to the text across what is held.
 *
 * A change in the line in which something is composed would end the composition, and
 * leave what was composed there twice. So it is held until the composition is done,
 * with all that comes behind it.
 */
export class Sync implements PluginValue {
  readonly #editor: Editor;
  readonly #text: SharedText;
  readonly #options: SyncOptions;
  readonly #stops: (() => void)[];
  /** The text as far as it was told, with so many code points: what the editor shows, and what is held. */
  #doc: Text;
  #length: number;
  #held: ChangeSet;
  /** What was told last. */
  #last: Splice | undefined;
  /** The text is being told of an edit. */
  #editing = false;
  #due = false;
  #ended = false;
  /** The edits that are watched. */
  readonly #watched = new WeakSet<Edit>();

  constructor(editor: Editor, text: SharedText, options: SyncOptions = {}) {
    this.#editor = editor;
    this.#text = text;
    this.#options = options;
    const { doc } = editor.state;
    this.#held = ChangeSet.of(toShow(doc, text.value), doc.length);
    this.#doc = this.#held.apply(doc);
    this.#length = text.length;
    this.#stops = [text.onChange((change) => this.#told(change)), text.onStatus(() => this.#schedule())];
    this.#schedule();
  }

  update({ transactions }: Pick<ViewUpdate, 'transactions'>): void {
    for (const transaction of transactions) {
      const { docChanged, changes, newDoc } = transaction;
      if (docChanged && !transaction.annotation(shown)) this.#edit(changes, newDoc);
    }
  }

  /** Takes back what was done here, or makes it again, and puts the caret behind it. */
  revert(what: 'undo' | 'redo'): void {
    this.#last = undefined;
    this.#text[what]();
    const last = this.#last as Splice | undefined;
    if (last === undefined || this.#composing()) return;
    const anchor = this.#text.toUnits(last[0] + points(last[2]));
    this.#show({ selection: { anchor }, scrollIntoView: true, userEvent: what });
  }

  /** Shows what is held, if it can be, and whether users may write. */
  flush(): void {
    if (this.#ended) return;
    const { writable = (status) => status === 'open' } = this.#options;
    const may = writable(this.#text.status);
    const spec = may === this.#editor.state.field(permitted) ? {} : { effects: permit.of(may) };
    if (!this.#held.empty && !this.#composing()) this.#show(spec);
    else if (spec.effects) this.#editor.dispatch(spec);
  }

  /** Where a place of the editor is in the text, both in code units. */
  toText(units: number): number {
    return this.#held.mapPos(units);
  }

  /** Where a place of the text is in the editor, both in code units. */
  toEditor(units: number): number {
    return this.#held.invertedDesc.mapPos(Math.min(units, this.#held.newLength));
  }

  destroy(): void {
    this.#ended = true;
    for (const stop of this.#stops) stop();
  }

  #edit(changes: ChangeSet, shows: Text): void {
    const held = this.#held;
    const across = changes.map(held);
    this.#held = held.map(changes, true);
    this.#doc = across.apply(this.#doc);
    this.#editing = true;
    try {
      const op = toOp(across, this.#text);
      this.#length += grown(op);
      const edit = this.#text.edit(op);
      if (edit) this.#watch(edit);
    } catch (error) {
      this.#options.onRejected?.(error);
    } finally {
      this.#editing = false;
    }
    const { length } = this.#text;
    if (length === this.#length && this.#text.toUnits(length) === this.#doc.length) return;
    // It was refused, or half of a pair was in it.
    this.#held = ChangeSet.of(toShow(shows, this.#text.value), shows.length);
    this.#doc = this.#held.apply(shows);
    this.#length = length;
    this.#schedule();
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
    if (this.#editing && own) return;
    const changes = toChanges(op, this.#doc, this.#length);
    this.#held = this.#held.compose(changes);
    this.#doc = changes.apply(this.#doc);
    this.#length += grown(op);
    this.#last = op.at(-1);
    this.#schedule();
  }

  /** Shows what is held. */
  #show(spec: TransactionSpec): void {
    const changes = this.#held;
    this.#held = ChangeSet.empty(this.#doc.length);
    const annotations = [shown.of(true), Transaction.remote.of(true), Transaction.addToHistory.of(false)];
    this.#editor.dispatch({ ...spec, changes, annotations, filter: false });
  }

  /** Whether something is composed where something is held. */
  #composing(): boolean {
    const { state, compositionStarted } = this.#editor;
    const { from, to } = state.doc.lineAt(state.selection.main.head);
    return compositionStarted && this.#held.touchesRange(from, to) !== false;
  }

  #schedule(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      this.flush();
    });
  }
}
