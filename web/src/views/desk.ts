import type { Member, Status, User } from '@tutti/client';
import { find, make } from '../find.ts';
import { StatusView } from './status.ts';

/** A place on the board, in parts of its width and height. */
export interface Place {
  x: number;
  y: number;
}

/** What somebody does at the board. */
export interface State {
  /** Where the pointer is; absent: not on the board. */
  cursor?: Place | undefined;
  typing?: boolean | undefined;
}

/** A note on the board. */
export type Note = Place & { by: string };

const saidFor = 4000;

/** One client at the whiteboard, as the page shows it. */
export class DeskView {
  readonly element: HTMLElement;
  readonly user: string;
  readonly #status: StatusView;
  readonly #people: HTMLElement;
  readonly #board: HTMLElement;
  readonly #typing: HTMLElement;
  readonly #words: HTMLInputElement;
  readonly #cursors = new Map<string, HTMLElement>();
  readonly #notes = new Map<string, HTMLElement>();
  #retry: () => void = () => {};
  #act: (state: State) => void = () => {};
  #put: (note: Note) => void = () => {};
  #drag: (key: string, place: Place) => void = () => {};
  /** The note that is being dragged, and whether it has moved. */
  #held: { key: string; moved: boolean } | undefined;

  constructor(template: HTMLTemplateElement, user: string, device: string) {
    this.element = find(template.content.cloneNode(true) as DocumentFragment, '.desk');
    this.user = user;
    this.element.setAttribute('aria-label', `${user}, ${device}`);
    find(this.element, 'h2').textContent = user;
    find(this.element, '.road').textContent = device;
    this.#status = new StatusView(find(this.element, '.status'), () => this.#retry());
    this.#people = find(this.element, '.people');
    this.#board = find(this.element, '.board');
    this.#typing = find(this.element, '.typing');
    this.#words = find<HTMLInputElement>(this.element, 'input[name="words"]');
    this.#board.addEventListener('pointerdown', (event) => this.#press(event));
    this.#board.addEventListener('pointermove', (event) => this.#move(event));
    this.#board.addEventListener('pointerup', (event) => this.#release(event));
    this.#board.addEventListener('pointerleave', () => this.#act({ cursor: undefined }));
    this.#words.addEventListener('input', () => this.#act({ typing: this.#words.value !== '' }));
  }

  showStatus(status: Status): void {
    this.#status.show(status);
  }

  /** Shows who is here, and what the other clients do. */
  showPeople(users: readonly User<State>[], others: readonly Member<State>[]): void {
    this.#people.replaceChildren(
      ...users.map(({ id, name, sessions }) => {
        const person = make('li', '', name ?? id);
        person.dataset.hue = String(hueOf(id));
        if (sessions.length > 1) person.append(make('span', 'sessions', ` ×${sessions.length}`));
        return person;
      }),
    );
    const typing = new Set(others.filter(({ state }) => state?.typing).map(({ user, name }) => name ?? user));
    const said = typing.size ? `${[...typing].join(' and ')} ${typing.size > 1 ? 'are' : 'is'} typing…` : '';
    if (this.#typing.textContent !== said) this.#typing.textContent = said;
    for (const member of others) this.#point(member);
    for (const [client, cursor] of this.#cursors) {
      if (others.some((member) => member.client === client && member.state?.cursor)) continue;
      cursor.remove();
      this.#cursors.delete(client);
    }
  }

  /** Shows what somebody said, beside their pointer if it is on the board. */
  showSaid(client: string, words: unknown): void {
    const label = this.#cursors.get(client)?.querySelector('.words');
    if (!label) return;
    label.textContent = String(words);
    setTimeout(() => label.textContent === words && label.replaceChildren(), saidFor);
  }

  showNotes(notes: readonly (readonly [key: string, note: Note])[]): void {
    const there = new Map(notes);
    for (const [key, note] of this.#notes) {
      if (there.has(key)) continue;
      note.remove();
      this.#notes.delete(key);
    }
    for (const [key, { x, y, by }] of notes) {
      const note = this.#notes.get(key) ?? make('div', 'note', by);
      if (!this.#notes.has(key)) {
        this.#notes.set(key, note);
        note.dataset.key = key;
        note.dataset.hue = String(hueOf(by));
        this.#board.prepend(note);
      }
      put(note, { x, y });
    }
  }

  /** Calls a function when the visitor does not want to wait for the next attempt. */
  onRetry(retry: () => void): void {
    this.#retry = retry;
  }

  onPlug(follow: (plugged: boolean) => void): void {
    this.#onSwitch('unplugged', (on) => follow(!on));
  }

  onStay(follow: (inside: boolean) => void): void {
    this.#onSwitch('outside', (on) => follow(!on));
  }

  onDo(act: (state: State) => void): void {
    this.#act = act;
  }

  onSay(say: (words: string) => void): void {
    find(this.element, 'form').addEventListener('submit', (event) => {
      event.preventDefault();
      say(this.#words.value);
      this.#words.value = '';
      this.#act({ typing: false });
    });
  }

  onPut(put: (note: Note) => void): void {
    this.#put = put;
  }

  onDrag(drag: (key: string, place: Place) => void): void {
    this.#drag = drag;
  }

  onUndo(undo: () => void): void {
    find(this.element, '.undo').addEventListener('click', undo);
  }

  #onSwitch(name: string, follow: (on: boolean) => void): void {
    const box = find<HTMLInputElement>(this.element, `input[name="${name}"]`);
    box.checked = false;
    box.addEventListener('change', () => follow(box.checked));
  }

  #press(event: PointerEvent): void {
    event.preventDefault();
    const { key } = (event.target as HTMLElement).dataset;
    this.#board.setPointerCapture(event.pointerId);
    if (key) this.#held = { key, moved: false };
    else this.#put({ ...this.#place(event), by: this.user });
  }

  #move(event: PointerEvent): void {
    const place = this.#place(event);
    const note = this.#held && this.#notes.get(this.#held.key);
    if (this.#held && note) {
      this.#held.moved = true;
      put(note, place);
    }
    this.#act({ cursor: place });
  }

  /** One drag is one change, and one step of undo. */
  #release(event: PointerEvent): void {
    if (this.#held?.moved) this.#drag(this.#held.key, this.#place(event));
    this.#held = undefined;
  }

  #place(event: PointerEvent): Place {
    const { left, top, width, height } = this.#board.getBoundingClientRect();
    const part = (value: number) => Math.round(Math.min(Math.max(value, 0), 1) * 1000) / 1000;
    return { x: part((event.clientX - left) / width), y: part((event.clientY - top) / height) };
  }

  #point({ client, user, name, state }: Member<State>): void {
    if (!state?.cursor) return;
    let cursor = this.#cursors.get(client);
    if (!cursor) {
      cursor = make('div', 'cursor');
      cursor.dataset.hue = String(hueOf(user ?? client));
      cursor.append(make('span', 'name', name ?? user ?? client), make('span', 'words'));
      this.#cursors.set(client, cursor);
      this.#board.append(cursor);
    }
    put(cursor, state.cursor);
  }
}

function put(element: HTMLElement, { x, y }: Place): void {
  element.style.left = `${x * 100}%`;
  element.style.top = `${y * 100}%`;
}

/** Of the page's colours the one of a user. */
function hueOf(user: string): number {
  return [...user].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % 3;
}
