import { TuttiError } from '../error.ts';
import type { Page, PageRequest } from '../protocol.ts';
import { checkTopic } from './check.ts';
import type { Link } from './link.ts';

const maxPages = 1000;

type Wanted = PageRequest & { topic: string };

/** The pages of history that were asked for; each is asked again until it is answered. */
export class Pages {
  readonly #link: Link;
  /** By key; id 0: not asked on this connection. */
  readonly #wanted = new Map<number, { request: Wanted; id: number }>();

  constructor(link: Link) {
    this.#link = link;
  }

  want(key: number, request: Wanted): void {
    const full = this.#wanted.size >= maxPages ? new TuttiError('queue_full') : undefined;
    const error = checkTopic(request.topic) ?? full;
    if (error) return this.#link.turn.emit({ kind: 'page', key, error });
    this.#wanted.set(key, { request, id: 0 });
    this.flush();
  }

  abort(key: number): void {
    this.#fail(key, new TuttiError('aborted'));
  }

  flush(): void {
    if (!this.#link.ready()) return;
    const { turn } = this.#link;
    for (const w of this.#wanted.values()) {
      if (w.id) continue;
      w.id = turn.id();
      turn.say({ type: 'history', id: w.id, ...w.request });
    }
  }

  answer(id: number, page: Page): void {
    const key = this.#find(id);
    if (key !== undefined && this.#wanted.delete(key)) this.#link.turn.emit({ kind: 'page', key, page });
  }

  /** A command failed; returns whether it was one of these. */
  refused(id: number, error: TuttiError): boolean {
    const key = this.#find(id);
    const wanted = key === undefined ? undefined : this.#wanted.get(key);
    if (key === undefined || !wanted) return false;
    if (error.code === 'token_expired') {
      wanted.id = 0;
      this.#link.tokenExpired();
    } else {
      this.#fail(key, error);
    }
    return true;
  }

  lost(): void {
    for (const w of this.#wanted.values()) w.id = 0;
  }

  close(): void {
    for (const key of [...this.#wanted.keys()]) this.#fail(key, new TuttiError('closed'));
  }

  #fail(key: number, error: TuttiError): void {
    if (this.#wanted.delete(key)) this.#link.turn.emit({ kind: 'page', key, error });
  }

  #find(id: number): number | undefined {
    for (const [key, w] of this.#wanted) if (w.id === id) return key;
    return undefined;
  }
}
