import { Documents, type DocumentsHost } from '../../src/doc/documents.ts';
import type { TypeName } from '../../src/doc/type.ts';
import type { DocumentHandler, Operation, OperationHandler, Sending } from '../../src/document.ts';
import { TuttiError } from '../../src/error.ts';
import type { Cell, Entry } from '../../src/protocol.ts';
import { World } from '../world.ts';
import { fold, types } from './types.ts';

interface Log {
  type: TypeName;
  entries: Entry[];
  cells: Map<string, unknown>;
}

/** A server's documents, whose type is what their topic begins with. */
export class Site {
  readonly world = new World(1);
  /** May reject an operation (an error) or put another in its place. */
  hook: (data: unknown) => unknown = (data) => data;
  readonly #logs = new Map<string, Log>();

  log(topic: string): Log {
    let log = this.#logs.get(topic);
    if (!log) {
      log = { type: topic.split(':')[0] as TypeName, entries: [], cells: new Map() };
      this.#logs.set(topic, log);
    }
    return log;
  }

  /** Judges an operation; returns its offset or why it is rejected. */
  judge(
    topic: string,
    from: { client?: string; seq?: number; base?: number },
    data: unknown,
  ): number | TuttiError {
    const log = this.log(topic);
    const offset = log.entries.length + 1;
    const { client, base = offset - 1 } = from;
    const taken = this.hook(data);
    if (taken instanceof TuttiError) return taken;
    const { cells, error } = fold(types[log.type], log.cells, { offset, client, base }, taken);
    if (error) return new TuttiError(error);
    log.cells = cells;
    log.entries.push({ offset, term: 'term', time: this.world.now, ...from, base, data: taken });
    return offset;
  }
}

interface Waiting {
  topic: string;
  operation: Operation;
  base: number;
  handler: OperationHandler;
  seq: number;
  verdict?: number | TuttiError;
}

/** A client's connection to a site, on which each step is a test's to make. */
export class Desk implements DocumentsHost {
  readonly documents: Documents;
  readonly errors: unknown[] = [];
  readonly report = (error: unknown): void => void this.errors.push(error);
  readonly #site: Site;
  readonly #id: string;
  readonly #open = new Map<string, { handler: DocumentHandler; at: number }>();
  #queue: Waiting[] = [];
  #seqs = new Map<string, number>();
  #welcome = false;
  #made = 0;

  constructor(site: Site, id: string) {
    this.#site = site;
    this.#id = id;
    this.documents = new Documents(this);
  }

  get timers() {
    return this.#site.world.timers;
  }

  /** Topics that are open. */
  get topics(): string[] {
    return [...this.#open.keys()];
  }

  /** How many operations were not answered. */
  get waiting(): number {
    return this.#queue.length;
  }

  now = (): number => this.#site.world.now;
  messageBytes = (): number => 64 << 10;
  random = (): number => this.#site.world.random();
  client = (): string | undefined => (this.#welcome ? this.#id : undefined);

  open = (topic: string, handler: DocumentHandler): (() => void) => {
    this.#open.set(topic, { handler, at: -1 });
    return () => this.#open.delete(topic);
  };

  operate = (topic: string, operation: Operation, handler: OperationHandler): Sending => {
    const waiting: Waiting = { topic, operation, handler, base: operation.base(), seq: 0 };
    this.#queue.push(waiting);
    return {
      key: ++this.#made,
      get unsent() {
        return waiting.seq === 0;
      },
      amend: (amended) => {
        Object.assign(waiting, { operation: amended, base: amended.base() });
      },
      release: () => {},
      takeBack: () => {
        if (waiting.seq || !this.#queue.includes(waiting)) return false;
        this.#queue.splice(this.#queue.indexOf(waiting), 1);
        handler.failed(new TuttiError('aborted'), false);
        return true;
      },
    };
  };

  resume = (): never => {
    throw new Error('it has no former life');
  };

  /** Documents that were not opened yet are, by a snapshot. */
  opened(): void {
    this.#welcome = true;
    for (const [topic, { at }] of [...this.#open]) if (at < 0) this.snapshot(topic);
  }

  snapshot(topic: string, recovered = true): void {
    const { entries, cells } = this.#site.log(topic);
    const seqs = entries.flatMap((e) => (e.client === this.#id && e.seq ? e.seq : []));
    const open = this.#open.get(topic);
    if (!open) return;
    open.at = entries.length;
    open.handler.snapshot({
      offset: entries.length,
      term: 'term',
      cells: [...cells] as Cell[],
      recovered,
      ...(seqs.length && { seqs: [[this.#id, Math.max(...seqs)]] }),
    });
  }

  /** Sends what was not sent, and the server judges it. */
  send(): void {
    for (const w of this.#queue) {
      if (w.seq) continue;
      w.seq = (this.#seqs.get(w.topic) ?? 0) + 1;
      this.#seqs.set(w.topic, w.seq);
      w.handler.sent(this.#id, w.seq);
      const { data } = w.operation;
      w.verdict = this.#site.judge(w.topic, { client: this.#id, seq: w.seq, base: w.base }, data);
    }
  }

  /** The server's answers arrive. */
  answer(): void {
    for (const w of this.#queue.filter((w) => w.verdict !== undefined)) {
      this.#queue.splice(this.#queue.indexOf(w), 1);
      if (typeof w.verdict === 'number') w.handler.acknowledged({ offset: w.verdict, term: 'term' });
      else w.handler.failed(w.verdict as TuttiError, false);
    }
  }

  /** Entries arrive, in one frame. */
  read(): void {
    for (const [topic, open] of this.#open) {
      if (open.at < 0) continue;
      const entries = this.#site.log(topic).entries.slice(open.at);
      open.at += entries.length;
      for (const entry of entries) open.handler.entry(structuredClone(entry));
    }
  }

  /** The connection ends. */
  cut(): void {
    for (const w of this.#queue) if (w.seq) w.handler.doubtful();
  }

  /** The topic can not be read any more. */
  fail(topic: string, error: TuttiError): void {
    const open = this.#open.get(topic);
    this.#open.delete(topic);
    open?.handler.failed(error);
  }

  /** All that is under way arrives. */
  async sync(): Promise<void> {
    this.opened();
    this.send();
    this.answer();
    this.read();
    await turn();
  }
}

/** Lets what is told behind the present turn be told. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
