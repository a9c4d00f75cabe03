import type { DeadLetter, Outbox } from '@tutti/client';
import { find, make } from '../find.ts';

/** So many entries are shown. */
const most = 20;

/** What waits to be sent, and what could not be. */
export class OutboxView {
  readonly #element: HTMLElement;
  readonly #template = find<HTMLTemplateElement>(document, '#letter');
  readonly #letters = new Map<string, HTMLElement>();
  #retry: (id: string, data: never) => void = () => {};
  #discard: (id: string) => void = () => {};
  #due = false;

  constructor(element: HTMLElement) {
    this.#element = element;
  }

  /** Calls a function with a dead letter to send again, and what it is to say; what it throws is shown. */
  onRetry(retry: (id: string, data: never) => void): void {
    this.#retry = retry;
  }

  onDiscard(discard: (id: string) => void): void {
    this.#discard = discard;
  }

  /** Shows it when the page is next painted. */
  show(outbox: Outbox): void {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      this.#showEntries(outbox);
      this.#showLetters(outbox.dead);
    });
  }

  #showEntries({ entries, durable }: Outbox): void {
    find(this.#element, '.durable').textContent = durable ? 'kept on this device' : 'in memory alone';
    this.#element.dataset.durable = String(durable);
    this.#element.dataset.count = String(entries.length);
    const items = entries.slice(0, most).map(({ topic, data, sent }) => {
      const item = make('li', '');
      item.append(make('b', '', topic), make('span', 'body', JSON.stringify(data).slice(0, 200)));
      item.append(make('span', 'note', sent ? 'may have been sent' : 'not sent'));
      return item;
    });
    find(this.#element, '.entries').replaceChildren(...items);
    const more = entries.length - items.length;
    const said = entries.length ? '' : 'Nothing waits.';
    find(this.#element, '.more').textContent = more > 0 ? `and ${more} more` : said;
  }

  #showLetters(dead: readonly DeadLetter[]): void {
    const ids = new Set(dead.map(({ id }) => id));
    for (const [id, item] of this.#letters) {
      if (ids.has(id)) continue;
      item.remove();
      this.#letters.delete(id);
    }
    for (const letter of dead) if (!this.#letters.has(letter.id)) this.#add(letter);
  }

  #add({ id, topic, data, error }: DeadLetter): void {
    const item = find(this.#template.content.cloneNode(true) as DocumentFragment, 'li');
    const area = find<HTMLTextAreaElement>(item, 'textarea');
    const why = find(item, '.why');
    why.append(make('b', '', topic), ` ${error.message} (${error.code})`);
    area.value = JSON.stringify(data);
    find(item, '.retry').addEventListener('click', () => {
      try {
        this.#retry(id, JSON.parse(area.value) as never);
      } catch (error) {
        why.textContent = `It cannot be sent: ${(error as Error).message}`;
      }
    });
    find(item, '.discard').addEventListener('click', () => this.#discard(id));
    this.#letters.set(id, item);
    find(this.#element, '.dead').append(item);
  }
}
