import type { Entry, Publication, Status } from '@tutti/client';
import { find, make } from '../find.ts';
import { Tally } from '../tally.ts';
import { StatusView } from './status.ts';
import { TallyView } from './tally.ts';

/** What the chat publishes. A sender is one tab; it numbers its messages 1, 2, 3, … . */
export interface Message {
  sender: string;
  n: number;
  text: string;
}

const rows = 500;

/** The chat as the page shows it. It counts twice: by the log's offsets, and by what each sender numbered. */
export class ChatView {
  readonly #sender = String(crypto.getRandomValues(new Uint32Array(2)));
  readonly #log: HTMLElement;
  readonly #scroll: HTMLElement;
  readonly #waiting: HTMLElement;
  readonly #form: HTMLFormElement;
  readonly #text: HTMLInputElement;
  readonly #who: HTMLElement;
  readonly #status: StatusView;
  readonly #offsets = new Tally();
  readonly #senders = new Tally();
  readonly #tally: TallyView;
  /** What this tab has said and not yet seen in the log. */
  readonly #pending = new Map<number, HTMLElement>();
  #said = 0;
  #retry: () => void = () => {};

  constructor(room: HTMLElement) {
    this.#log = find(room, '.log');
    this.#scroll = find(room, '.scroll');
    this.#waiting = find(room, '.pending');
    this.#form = find<HTMLFormElement>(room, 'form');
    this.#text = find<HTMLInputElement>(room, 'input');
    this.#who = find(room, '.who');
    this.#status = new StatusView(find(room, '.status'), () => this.#retry());
    this.#tally = new TallyView(find(room, '.tally'));
  }

  showStatus(status: Status): void {
    this.#status.show(status);
  }

  /** Calls a function when the visitor does not want to wait for the next attempt. */
  onRetry(retry: () => void): void {
    this.#retry = retry;
  }

  /** Calls a function with what the visitor says. */
  onSay(say: (message: Message) => void): void {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      const text = this.#text.value.trim();
      if (!text) return;
      this.#text.value = '';
      say({ sender: this.#sender, n: ++this.#said, text });
    });
  }

  /** The log is shown from behind an offset. */
  start(offset: number): void {
    this.#offsets.restart('', offset);
  }

  /** Shows an entry of the log, in the place of the pending message if it is this tab's own. */
  show(data: unknown, entry: Entry): void {
    const { sender, n, text } = read(data);
    this.#offsets.take('', entry.offset);
    if (sender && n) this.#senders.take(sender, n, countSeqs(entry.voids));
    this.#showTally();

    const own = sender === this.#sender;
    if (own) {
      this.#pending.get(n)?.remove();
      this.#pending.delete(n);
      if (entry.author?.name) this.#who.textContent = `, as ${entry.author.name}`;
    }
    const row = makeRow(own ? 'You' : (entry.author?.name ?? entry.author?.sub ?? 'Someone'), text, own);
    row.dataset.offset = String(entry.offset);
    row.append(make('time', '', clock(entry.time)));
    this.#keepDown(() => {
      this.#log.append(row);
      if (this.#log.childElementCount > rows) this.#log.firstElementChild?.remove();
    });
  }

  /** Shows what this tab said, grey until it is acknowledged; red, with the reason, if it fails. */
  showPending(message: Message, sent: Publication): void {
    const row = makeRow('You', message.text, true);
    const note = make('span', 'note', 'waiting');
    row.append(note);
    this.#pending.set(message.n, row);
    this.#keepDown(() => this.#waiting.append(row));
    if (sent.status === 'rejected') this.#said--;
    sent.then(
      () => {
        row.classList.add('acknowledged');
        note.textContent = '';
      },
      (error: Error) => {
        row.classList.add('failed');
        note.textContent = `${sent.status === 'unconfirmed' ? 'perhaps not sent' : 'not sent'}: ${error.message}`;
      },
    );
  }

  #showTally(): void {
    const log = this.#offsets.counts;
    const senders = this.#senders.counts;
    this.#tally.show({
      received: log.received,
      missed: log.missed + senders.missed,
      doubled: log.doubled + senders.doubled,
    });
  }

  /** Changes the list, and goes to its end if the visitor was there. */
  #keepDown(change: () => void): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroll;
    change();
    if (scrollTop + clientHeight > scrollHeight - 40) this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }
}

/** Takes what anybody may have published to the topic for a message. */
function read(data: unknown): Message {
  const m = (typeof data === 'object' && data !== null ? data : { text: data }) as Record<string, unknown>;
  return {
    sender: typeof m.sender === 'string' ? m.sender : '',
    n: typeof m.n === 'number' ? m.n : 0,
    text: typeof m.text === 'string' ? m.text : JSON.stringify(data),
  };
}

function countSeqs(ranges: Entry['voids'] = []): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

function makeRow(author: string, text: string, own: boolean): HTMLElement {
  const row = make('li', own ? 'own' : '');
  const body = make('span', 'body');
  body.append(make('b', '', author), ' ', make('span', 'text', text));
  row.append(body);
  return row;
}

function clock(time: number): string {
  return new Date(time).toLocaleTimeString([], { timeStyle: 'short' });
}
