import { type Difference, difference } from './difference.ts';
import { reverting } from './keys.ts';
import { across, moved, points } from './position.ts';
import type { Edit, Op, SharedText, Splice, TextChange } from './text.ts';

/** An element that shows a text. */
export type TextElement = HTMLTextAreaElement | HTMLInputElement;

export interface TextareaOptions {
  /** Whether users may write while the text has this status; else the element is read-only. As it is: while it is `open`. */
  writable?: (status: string) => boolean;
  /** Called when the server has rejected something that was written here: it is shown no more. */
  onRejected?: (error: unknown) => void;
}

/** The types of inputs that show any line as it is. */
const lines = ['text', 'search', 'tel', 'password'];

/**
 * Makes an element show a text, and the text follow what users do in it, until the
 * function that it returns is called. What the element showed before is replaced.
 *
 * Selection, scroll position and focus stay where they are when others write. What is
 * composed with an input method is one edit, made when it is done; what others write
 * meanwhile is shown then. Undo and redo are the text's own. An `<input>` shows the
 * ends of lines as spaces; carriage returns are shown as spaces everywhere.
 *
 * @throws TypeError unless it is a textarea, or an input for a line of any text.
 */
export function bindTextarea(
  element: TextElement,
  text: SharedText,
  options: TextareaOptions = {},
): () => void {
  const binding = new Binding(element, text, options);
  return () => binding.end();
}

class Binding {
  readonly #element: TextElement;
  readonly #text: SharedText;
  readonly #options: TextareaOptions;
  readonly #readOnly: boolean;
  readonly #ending = new AbortController();
  /** What the element shows, beside what users have done that the text does not know yet. */
  #shown = '';
  /** What has become of the text since, and is not shown. */
  #held: Splice[] = [];
  /** It is shown at the end of the turn. */
  #due = false;
  #composing = false;
  /** The text is being told of an edit. */
  #editing = false;
  /** The edits that are watched. */
  readonly #watched = new WeakSet<Edit>();

  constructor(element: TextElement, text: SharedText, options: TextareaOptions) {
    if (element.localName !== 'textarea' && !lines.includes(element.type))
      throw new TypeError(`An input of the type ${element.type} cannot show a text.`);
    this.#element = element;
    this.#text = text;
    this.#options = options;
    this.#readOnly = element.readOnly;
    this.#listen();
    this.#permit();
    this.#show(0, 0);
  }

  end(): void {
    this.#settle();
    this.#ending.abort();
    this.#element.readOnly = this.#readOnly;
  }

  #listen(): void {
    const { signal } = this.#ending;
    const on = <E extends Event>(type: string, listener: (event: E) => void): void =>
      this.#element.addEventListener(type, listener as (event: Event) => void, { signal });
    on('input', () => this.#composing || this.#settle());
    on('compositionstart', () => {
      this.#composing = true;
    });
    for (const type of ['compositionend', 'blur'])
      on(type, () => {
        this.#composing = false;
        this.#settle();
      });
    on<InputEvent>('beforeinput', (event) => {
      if (event.inputType === 'historyUndo') this.#revert(event, 'undo');
      if (event.inputType === 'historyRedo') this.#revert(event, 'redo');
    });
    on<KeyboardEvent>('keydown', (event) => {
      const what = reverting(event);
      if (what) this.#revert(event, what);
    });
    signal.addEventListener(
      'abort',
      this.#text.onChange((change) => this.#told(change)),
    );
    signal.addEventListener(
      'abort',
      this.#text.onStatus(() => this.#permit()),
    );
  }

  #permit(): void {
    const { writable = (status) => status === 'open' } = this.#options;
    this.#element.readOnly = this.#readOnly || !writable(this.#text.status);
  }

  #told({ op, own }: TextChange): void {
    if (this.#editing && own) return;
    for (const splice of op) this.#held.push(splice);
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      if (!this.#composing && !this.#ending.signal.aborted) this.#settle();
    });
  }

  #revert(event: Event, what: 'undo' | 'redo'): void {
    event.preventDefault();
    if (this.#composing || this.#element.readOnly) return;
    this.#settle();
    this.#text[what]();
    this.#settle(true);
  }

  /**
   * Gives what users have done to the text, and shows what has become of that: if it was
   * taken back here, with the caret behind it.
   */
  #settle(reverted = false): void {
    const element = this.#element;
    const end = element.selectionEnd ?? 0;
    const held = this.#held;
    const now = element.value;
    const found = now === this.#shown ? undefined : difference(this.#shown, now, end);
    const own = found && this.#splice(found);
    const op = own ? across(own, held) : [];
    const taken = op.length === 0 || this.#edit(op);
    this.#shown = now;
    if (held.length === 0 && taken && own?.[2] === found?.inserted) return;
    this.#held = [];
    const last = held.at(-1);
    if (reverted && last) {
      const caret = last[0] + points(last[2]);
      this.#show(caret, caret);
      return;
    }
    const start = element.selectionStart ?? 0;
    const [from, to] = [start, end].map((units) => place(points(now, units), own, op, held));
    this.#show(from as number, to as number);
  }

  /** What differs from what is shown, as a splice of the text. */
  #splice({ from, to, inserted }: Difference): Splice {
    const deleted = points(this.#shown.slice(from, to));
    return [points(this.#shown, from), deleted, inserted.replace(/\p{Surrogate}/gu, '\ufffd')];
  }

  /** Gives an edit to the text; returns whether it has taken just that. */
  #edit(op: Op): boolean {
    const text = this.#text;
    const expected = op.reduce((sum, [, n, inserted]) => sum - n + points(inserted), text.length);
    this.#editing = true;
    try {
      const edit = text.edit(op);
      if (edit) this.#watch(edit);
    } catch (error) {
      this.#options.onRejected?.(error);
    } finally {
      this.#editing = false;
    }
    return text.length === expected;
  }

  /** Tells once if it is rejected; several edits may be one. */
  #watch(edit: Edit): void {
    if (this.#watched.has(edit)) return;
    this.#watched.add(edit);
    edit.server.catch((error) => {
      if (!this.#ending.signal.aborted) this.#options.onRejected?.(error);
    });
  }

  /** Shows the text, with so many code points before the selection, and up to its end. */
  #show(start: number, end: number): void {
    const element = this.#element;
    const { scrollTop, scrollLeft, selectionDirection } = element;
    const breaks = element.localName === 'textarea' ? /\r/g : /[\r\n]/g;
    this.#shown = this.#text.value.replace(breaks, ' ');
    if (element.value !== this.#shown) element.value = this.#shown;
    element.setSelectionRange(
      this.#text.toUnits(start),
      this.#text.toUnits(end),
      selectionDirection ?? 'none',
    );
    element.scrollTop = scrollTop;
    element.scrollLeft = scrollLeft;
  }
}

/**
 * Where a position of the element is in the text, which has changed otherwise
 * meanwhile, and then by what `own` has come to there.
 */
function place(position: number, own: Splice | undefined, op: Op, held: Op): number {
  if (own === undefined) return moved(position, held);
  const [at, n, inserted] = own;
  const length = points(inserted);
  if (position > at && position <= at + length) {
    const last = op.at(-1) as Splice;
    return last[0] + position - at;
  }
  const before = position <= at ? position : position - length + n;
  return moved(moved(before, held), op);
}
