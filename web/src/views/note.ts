import { find, make } from '../find.ts';
import type { Tag } from './notes.ts';

/** The note that is open: its title, its text, its tags. */
export class NoteView {
  readonly #element: HTMLElement;
  readonly #title: HTMLInputElement;
  #key = '';
  #close: () => void = () => {};
  #open: (key: string, area: HTMLTextAreaElement) => () => void = () => () => {};
  #tag: (tag: Tag, on: boolean) => void = () => {};

  constructor(element: HTMLElement) {
    this.#element = element;
    this.#title = find<HTMLInputElement>(element, '.title');
  }

  /** Calls a function when the text of a note is to be written in; it returns how that ends. */
  onOpen(open: (key: string, area: HTMLTextAreaElement) => () => void): void {
    this.#open = open;
  }

  onTitle(rename: (key: string, title: string) => void): void {
    this.#title.addEventListener('change', () => rename(this.#key, this.#title.value));
  }

  onDelete(remove: (key: string) => void): void {
    find(this.#element, '.delete').addEventListener('click', () => remove(this.#key));
  }

  onTag(tag: (tag: Tag, on: boolean) => void): void {
    this.#tag = tag;
    const input = find<HTMLInputElement>(this.#element, '.tag input');
    find(this.#element, '.tag').addEventListener('submit', (event) => {
      event.preventDefault();
      const word = input.value.trim();
      input.value = '';
      if (word) tag([this.#key, word], true);
    });
  }

  show(key: string, title: string, tags: readonly string[]): void {
    if (key !== this.#key) {
      this.#close();
      this.#key = key;
      this.#close = this.#open(key, find<HTMLTextAreaElement>(this.#element, 'textarea'));
      this.#title.value = title;
      this.#element.hidden = false;
    }
    if (document.activeElement !== this.#title) this.#title.value = title;
    const list = find(this.#element, '.tags');
    if (list.dataset.of === JSON.stringify([key, tags])) return;
    list.dataset.of = JSON.stringify([key, tags]);
    list.replaceChildren(...tags.map((tag) => this.#chip(tag)));
  }

  hide(): void {
    if (!this.#key) return;
    this.#close();
    this.#close = () => {};
    this.#key = '';
    this.#element.hidden = true;
  }

  #chip(tag: string): HTMLElement {
    const item = make('li', '', tag);
    const button = make('button', 'plain', '×');
    button.setAttribute('type', 'button');
    button.setAttribute('aria-label', `Take the tag ${tag} away`);
    button.addEventListener('click', () => this.#tag([this.#key, tag], false));
    item.append(' ', button);
    return item;
  }
}
