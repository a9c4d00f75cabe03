import type { Outbox, Row, Status, TuttiError } from '@tutti/client';
import { find, make } from '../find.ts';
import { NoteView } from './note.ts';
import { OutboxView } from './outbox.ts';
import { StatusView } from './status.ts';

/** What of a note is a record; its text is a document of its own. */
export interface Note {
  title: string;
}

/** A note has a tag. */
export type Tag = readonly [note: string, tag: string];

/** What the visitor lets happen between the page and the server. */
export interface Network {
  offline: boolean;
  rejecting: boolean;
}

/** Notes as the page shows them: a list, the one that is open, and what waits to be sent. */
export class NotesView {
  readonly banner = find(document, '#banner');
  readonly #room: HTMLElement;
  readonly #status: StatusView;
  readonly #outbox: OutboxView;
  readonly #note: NoteView;
  readonly #items = new Map<string, HTMLElement>();
  #open = '';
  #connect: () => void = () => {};
  /** What is shown when the page is next painted. */
  #shown: [notes: readonly Row<Note>[], textOf: (key: string) => string, tags: readonly Tag[]] = [
    [],
    () => '',
    [],
  ];
  #due = false;

  constructor(room: HTMLElement) {
    this.#room = room;
    this.#status = new StatusView(find(room, '.status'), () => this.#connect());
    this.#outbox = new OutboxView(find(room, '.outbox'));
    this.#note = new NoteView(find(room, '#note'));
  }

  showStatus(status: Status): void {
    this.#status.show(status);
  }

  showOutbox(outbox: Outbox): void {
    this.#outbox.show(outbox);
  }

  /** Calls a function when the visitor does not want to wait for the next attempt. */
  onConnect(connect: () => void): void {
    this.#connect = connect;
  }

  /** Calls a function with how the network is to be, now and after each change; kept through a reload. */
  onNetwork(follow: (network: Network) => void): void {
    const box = (name: string) => find<HTMLInputElement>(this.#room, `input[name="${name}"]`);
    const [offline, reject] = [box('offline'), box('reject')];
    const tell = () => {
      for (const { name, checked } of [offline, reject]) session()?.setItem(name, checked ? 'on' : '');
      follow({ offline: offline.checked, rejecting: reject.checked });
      if (!offline.checked) this.#connect();
    };
    for (const input of [offline, reject]) {
      input.checked = session()?.getItem(input.name) === 'on';
      input.addEventListener('change', tell);
    }
    tell();
  }

  /** Lets the visitor be another user, and forget what is kept of this one. */
  onUser(user: string, forget: () => Promise<void>): void {
    const choice = find<HTMLSelectElement>(this.#room, 'select');
    choice.value = user;
    choice.addEventListener('change', () => {
      location.search = `?user=${choice.value}`;
    });
    find(this.#room, '.forget').addEventListener('click', async () => {
      await forget();
      location.reload();
    });
  }

  /** Calls a function with a title; it returns the key of the new note. */
  onAdd(add: (title: string) => string): void {
    const input = find<HTMLInputElement>(this.#room, '.add input');
    find(this.#room, '.add').addEventListener('submit', (event) => {
      event.preventDefault();
      const title = input.value.trim();
      input.value = '';
      if (title) this.#choose(add(title));
    });
  }

  /** Calls a function when the text of a note is to be written in; it returns how that ends. */
  onOpen(open: (key: string, area: HTMLTextAreaElement) => () => void): void {
    this.#note.onOpen(open);
  }

  onTitle(rename: (key: string, title: string) => void): void {
    this.#note.onTitle(rename);
  }

  onDelete(remove: (key: string) => void): void {
    this.#note.onDelete(remove);
  }

  onTag(tag: (tag: Tag, on: boolean) => void): void {
    this.#note.onTag(tag);
  }

  onRetry(retry: (id: string, data: never) => void): void {
    this.#outbox.onRetry(retry);
  }

  onDiscard(discard: (id: string) => void): void {
    this.#outbox.onDiscard(discard);
  }

  /** Shows why something that was written here was taken back. */
  fault(error: unknown): void {
    const { code, message } = error as TuttiError;
    find(this.#room, '.fault').textContent = `Taken back: ${message} (${code})`;
  }

  /** Shows the notes, with how the text of each begins, when the page is next painted. */
  show(notes: readonly Row<Note>[], textOf: (key: string) => string, tags: readonly Tag[]): void {
    this.#shown = [notes, textOf, tags];
    this.#schedule();
  }

  #schedule(): void {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      this.#place(...this.#shown);
    });
  }

  #place(notes: readonly Row<Note>[], textOf: (key: string) => string, tags: readonly Tag[]): void {
    const keys = new Set(notes.map(([key]) => key));
    if (!keys.has(this.#open)) this.#open = '';
    for (const [key, item] of this.#items) {
      if (keys.has(key)) continue;
      item.remove();
      this.#items.delete(key);
    }
    let next = find(this.#room, '.notes').firstElementChild;
    for (const [key, { title }] of notes) {
      const item = this.#items.get(key) ?? this.#add(key);
      if (item === next) next = next.nextElementSibling;
      else find(this.#room, '.notes').insertBefore(item, next);
      const own = tags.filter(([note]) => note === key).map(([, tag]) => tag);
      find(item, 'b').textContent = String(title);
      find(item, '.begin').textContent = textOf(key);
      find(item, '.tagged').textContent = own.map((tag) => `#${tag}`).join(' ');
      find(item, 'button').setAttribute('aria-pressed', String(key === this.#open));
      if (key === this.#open) this.#note.show(key, String(title), own);
    }
    if (!this.#open) this.#note.hide();
    find(this.#room, '.empty').hidden = notes.length > 0;
  }

  #add(key: string): HTMLElement {
    const item = make('li', '');
    const button = make('button', 'plain');
    button.setAttribute('type', 'button');
    button.append(make('b', ''), make('span', 'begin faint'), make('span', 'tagged faint'));
    button.addEventListener('click', () => this.#choose(key));
    item.append(button);
    this.#items.set(key, item);
    return item;
  }

  #choose(key: string): void {
    this.#open = key;
    this.#schedule();
  }
}

/** What lives as long as the tab; undefined where a page may not store anything. */
function session(): Storage | undefined {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
}
