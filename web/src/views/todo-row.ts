import type { Mutation, Patch } from '@tutti/client';
import { find, make } from '../find.ts';
import type { Note, Todo } from '../notes.ts';

/** What is shown of one line. */
export interface Line {
  key: string;
  todo: Todo;
  notes: readonly Note[];
  /** The visitor's changes of it that are not settled. */
  pending: readonly Mutation[];
  first?: boolean;
  last?: boolean;
  /** It is not in the list, and shown for its notes alone. */
  gone?: boolean;
}

/** What the visitor can do with a line. */
export interface Actions {
  edit(key: string, fields: Patch<Todo>): void;
  delete(key: string): void;
  move(key: string, by: -1 | 1): void;
  dismiss(key: string): void;
}

/** How far the changes of a line have come, said by the one that is furthest behind. */
export function describeState({ pending, notes, gone }: Line): { state: string; said: string } {
  const has = (status: string) => pending.some((mutation) => mutation.status === status);
  const changes = pending.length > 1 ? `${pending.length} changes` : 'pending';
  if (has('pending')) return { state: 'pending', said: `${changes}, not sent yet` };
  if (has('unconfirmed')) return { state: 'pending', said: `${changes}, sent, no answer yet` };
  if (pending.length) return { state: 'pending', said: `${changes}, sent` };
  if (notes.some(({ kind }) => kind === 'rejected')) return { state: 'rejected', said: 'rejected' };
  return gone ? { state: 'gone', said: 'deleted' } : { state: 'confirmed', said: 'confirmed' };
}

/** A line of the list. */
export class TodoRow {
  readonly element = make('li', '');
  readonly #done = makeInput('checkbox', 'done');
  readonly #text = makeInput('text', 'text');
  readonly #state = make('span', 'state');
  readonly #notes = make('ul', 'notes');
  readonly #up: HTMLButtonElement;
  readonly #down: HTMLButtonElement;
  readonly #delete: HTMLButtonElement;
  #line: Line | undefined;

  constructor(key: string, actions: Actions) {
    this.element.dataset.key = key;
    this.#up = makeButton('↑', () => actions.move(key, -1));
    this.#down = makeButton('↓', () => actions.move(key, 1));
    this.#delete = makeButton('×', () => (this.#line?.gone ? actions.dismiss(key) : actions.delete(key)));
    const tools = make('div', 'tools');
    tools.append(this.#up, this.#down, this.#delete);
    const body = make('div', 'body');
    body.append(this.#text, this.#state, this.#notes);
    this.element.append(this.#done, body, tools);

    this.#text.maxLength = 200;
    this.#text.setAttribute('aria-label', 'Text');
    this.#done.addEventListener('change', () => actions.edit(key, { done: this.#done.checked }));
    this.#text.addEventListener('change', () => {
      const text = this.#text.value.trim();
      if (text && text !== this.#line?.todo.text) actions.edit(key, { text });
      else this.#reset();
    });
    this.#text.addEventListener('keydown', ({ key: pressed }) => {
      if (pressed === 'Escape') this.#reset();
    });
    this.#notes.addEventListener('click', (event) => {
      if ((event.target as Element).closest('button')) actions.dismiss(key);
    });
  }

  show(line: Line): void {
    const before = this.#line;
    this.#line = line;
    const { todo, notes, gone = false } = line;
    const { state, said } = describeState(line);
    this.element.dataset.state = state;
    this.#state.textContent = said;
    this.element.classList.toggle('ticked', todo.done);
    this.#done.checked = todo.done;
    this.#done.setAttribute('aria-label', `Done: ${todo.text}`);
    // What the visitor is writing here stays, whatever comes from elsewhere.
    const writing = document.activeElement === this.#text && before && this.#text.value !== before.todo.text;
    if (!writing) this.#reset();
    this.#up.disabled = gone || line.first === true;
    this.#down.disabled = gone || line.last === true;
    this.#done.disabled = this.#text.readOnly = gone;
    this.#up.setAttribute('aria-label', `Move up: ${todo.text}`);
    this.#down.setAttribute('aria-label', `Move down: ${todo.text}`);
    this.#delete.setAttribute('aria-label', `${gone ? 'Dismiss' : 'Delete'}: ${todo.text}`);
    if (notes !== before?.notes || gone !== (before?.gone ?? false)) this.#showNotes(notes, gone);
  }

  #reset(): void {
    const text = this.#line?.todo.text ?? '';
    if (this.#text.value !== text) this.#text.value = text;
  }

  #showNotes(notes: readonly Note[], gone: boolean): void {
    this.#notes.replaceChildren(...notes.map(({ kind, text }) => make('li', kind, text)));
    if (!notes.length || gone) return;
    const dismiss = make('button', 'dismiss', 'Dismiss') as HTMLButtonElement;
    dismiss.type = 'button';
    find(this.#notes, 'li:last-child').append(' ', dismiss);
  }
}

function makeInput(type: string, className: string): HTMLInputElement {
  const input = make('input', className) as HTMLInputElement;
  input.type = type;
  return input;
}

function makeButton(text: string, act: () => void): HTMLButtonElement {
  const button = make('button', 'plain', text) as HTMLButtonElement;
  button.type = 'button';
  button.addEventListener('click', act);
  return button;
}
