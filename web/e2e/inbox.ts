import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One POST as the server got it. */
export interface Post {
  path: string;
  key: string;
  body: string;
}

/** A server of no library: takes what is posted, and takes each Idempotency-Key once. */
export class Inbox {
  readonly #server: Server;
  /** All that arrived, with the repeats. */
  readonly posts: Post[] = [];
  /** What it took, in order. */
  readonly taken: Post[] = [];
  /** How many requests were under way at most, by path. */
  readonly most = new Map<string, number>();
  /** The status of its answers to a body, once it answers at all. */
  status: (body: string) => number = () => 201;
  /** How long it thinks: resolves when it may answer. */
  pause: () => Promise<void> = async () => {};
  readonly #under = new Map<string, number>();

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch(() => response.destroy());
    });
  }

  static async start(): Promise<Inbox> {
    const inbox = new Inbox();
    await once(inbox.#server.listen(0, '127.0.0.1'), 'listening');
    return inbox;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async end(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    let body = '';
    for await (const chunk of request) body += chunk;
    if (request.method !== 'POST') return void response.end();
    const post = { path, key: String(request.headers['idempotency-key']), body };
    this.posts.push(post);
    const under = (this.#under.get(path) ?? 0) + 1;
    this.#under.set(path, under);
    this.most.set(path, Math.max(under, this.most.get(path) ?? 0));
    const gone = once(response, 'close');
    await Promise.race([this.pause(), gone]);
    this.#under.set(path, (this.#under.get(path) ?? 1) - 1);
    const status = this.status(body);
    if (status === 201 && !this.taken.some(({ key }) => key === post.key)) this.taken.push(post);
    response.writeHead(status).end(`${status}`);
  }
}
