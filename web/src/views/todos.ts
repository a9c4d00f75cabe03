import type { Guard, Mutation, Overridden, Patch, RecordsHandle, Status } from '@tutti/client';
import { find } from '../find.ts';
import { Notes, readTodo, type Todo } from '../notes.ts';
import { StatusView } from './status.ts';
import { type Actions, type Line, TodoRow } from './todo-row.ts';

export type { Todo } from '../notes.ts';

/** What the visitor lets happen between the page and the server. */
export interface Network {
  /** Milliseconds, each way. */
  latency: number;
  offline: boolean;
  reject: boolean;
}

/** The to-do list as the page shows it. */
export class TodosView {
  readonly #room: HTMLElement;
  readonly #status: StatusView;
  readonly #list: HTMLElement;
  readonly #rows = new Map<string, TodoRow>();
  readonly #notes = new Notes();
  readonly #actions: Actions;
  #retry: () => void = () => {};
  #edit: (key: string, fields: Patch<Todo>, guard: Guard) => void = () => {};
  #delete: (key: string, guard: Guard) => void = () => {};
  #move: (key: string, after: string | null, guard: Guard) => void = () => {};
  #shown: RecordsHandle<Todo> | undefined;

  constructor(room: HTMLElement) {
    this.#room = room;
    this.#list = find(room, '.todos');
    this.#status = new StatusView(find(room, '.status'), () => this.#retry());
    this.#actions = {
      edit: (key, fields) => this.#edit(key, fields, this.#guard),
      delete: (key) => {
        this.#focusBeside(key);
        this.#delete(key, this.#guard);
      },
      move: (key, by) => this.#moveBy(key, by),
      dismiss: (key) => {
        this.#notes.clear([key]);
        if (!this.#shown) return;
        if (this.#shown.has(key)) find(this.#rows.get(key)?.element ?? this.#list, '.text').focus();
        else this.#focusBeside(key);
        this.show(this.#shown);
      },
    };
  }

  showStatus(status: Status): void {
    this.#status.show(status);
  }

  /** Calls a function when the visitor does not want to wait for the next attempt. */
  onRetry(retry: () => void): void {
    this.#retry = retry;
  }

  /** Calls a function with how the network is to be, now and after each change. */
  onNetwork(follow: (network: Network) => void): void {
    const field = (name: string) => find<HTMLInputElement>(this.#room, `input[name="${name}"]`);
    const [latency, offline, reject] = [field('latency'), field('offline'), field('reject')];
    const tell = (): void => {
      find(this.#room, '.latency').textContent = `${latency.value} ms`;
      follow({ latency: latency.valueAsNumber, offline: offline.checked, reject: reject.checked });
    };
    for (const input of [latency, offline, reject]) input.addEventListener('input', tell);
    tell();
  }

  onAdd(add: (todo: Todo) => void): void {
    const form = find<HTMLFormElement>(this.#room, '.add');
    const input = find<HTMLInputElement>(form, 'input');
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const text = input.value.trim();
      input.value = '';
      if (text) add({ text, done: false });
    });
  }

  onEdit(edit: (key: string, fields: Patch<Todo>, guard: Guard) => void): void {
    this.#edit = edit;
  }

  onDelete(remove: (key: string, guard: Guard) => void): void {
    this.#delete = remove;
  }

  onMove(move: (key: string, after: string | null, guard: Guard) => void): void {
    this.#move = move;
  }

  onUndo(undo: () => void): void {
    find(this.#room, '.undo').addEventListener('click', undo);
  }

  onRedo(redo: () => void): void {
    find(this.#room, '.redo').addEventListener('click', redo);
  }

  /** A new change of the same lines: what was said of the former is over. */
  clearNotes({ keys }: Mutation): void {
    this.#notes.clear(keys);
  }

  noteRejection(list: RecordsHandle<Todo>, mutation: Mutation): void {
    this.#notes.reject(mutation, (key) => list.get(key));
  }

  noteOverridden(overridden: Overridden, me: string | undefined, list: RecordsHandle<Todo>): void {
    this.#notes.override(overridden, me, list.get(overridden.key));
  }

  /** Shows the list as it is now, and below it what is noted of lines that are not in it. */
  show(list: RecordsHandle<Todo>): void {
    this.#shown = list;
    const entries = list.entries();
    const lines: Line[] = entries.map(([key, record], i) => ({
      key,
      todo: readTodo(record),
      notes: this.#notes.get(key),
      pending: list.pending(key),
      first: i === 0,
      last: i === entries.length - 1,
    }));
    for (const [key, { todo, notes }] of this.#notes.entries())
      if (!list.has(key)) lines.push({ key, todo, notes, pending: list.pending(key), gone: true });
    this.#place(lines);

    find(this.#room, '.empty').hidden = lines.length > 0;
    find<HTMLButtonElement>(this.#room, '.undo').disabled = !list.canUndo;
    find<HTMLButtonElement>(this.#room, '.redo').disabled = !list.canRedo;
    this.#summarise(lines);
  }

  /** Reuses rows, and moves only those that are not where they belong. */
  #place(lines: Line[]): void {
    const focused = document.activeElement;
    const keys = new Set(lines.map(({ key }) => key));
    for (const [key, row] of this.#rows) {
      if (keys.has(key)) continue;
      row.element.remove();
      this.#rows.delete(key);
    }
    let next = this.#list.firstElementChild;
    for (const line of lines) {
      let row = this.#rows.get(line.key);
      if (!row) {
        row = new TodoRow(line.key, this.#actions);
        this.#rows.set(line.key, row);
      }
      row.show(line);
      if (row.element === next) next = next.nextElementSibling;
      else this.#list.insertBefore(row.element, next);
    }
    if (focused instanceof HTMLElement && focused !== document.activeElement && focused.isConnected)
      focused.focus();
  }

  #summarise(lines: Line[]): void {
    const open = lines.filter(({ todo, gone }) => !gone && !todo.done).length;
    const pending = lines.filter((line) => line.pending.length).length;
    const rejected = lines.filter(({ notes }) => notes.some(({ kind }) => kind === 'rejected')).length;
    const said = [
      `${open} to do`,
      ...(pending ? [`${pending} pending`] : []),
      ...(rejected ? [`${rejected} rejected`] : []),
    ].join(', ');
    const summary = find(this.#room, '.summary');
    if (summary.textContent !== said) summary.textContent = said;
  }

  #moveBy(key: string, by: -1 | 1): void {
    const keys = this.#shown?.entries().map(([k]) => k) ?? [];
    const at = keys.indexOf(key);
    const behind = by < 0 ? at - 2 : at + 1;
    if (at < 0 || behind < -1 || behind >= keys.length) return;
    this.#move(key, keys[behind] ?? null, this.#guard);
  }

  /** The row is about to go: who used its buttons goes on beside it. */
  #focusBeside(key: string): void {
    const row = this.#rows.get(key)?.element;
    if (!row?.contains(document.activeElement)) return;
    const beside = row.nextElementSibling ?? row.previousElementSibling;
    (beside ? find(beside, '.text') : find(this.#room, '#text')).focus();
  }

  get #guard(): Guard {
    const { checked } = find<HTMLInputElement>(this.#room, 'input[name="guard"]');
    return checked ? { ifUnseen: 'reject' } : {};
  }
}
