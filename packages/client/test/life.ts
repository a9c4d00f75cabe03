import { isDeepStrictEqual } from 'node:util';
import { Core } from '../src/core/core.ts';
import type { Effect } from '../src/core/effect.ts';
import type { Input } from '../src/core/input.ts';
import type { Kept, KeptEntry } from '../src/core/ledger.ts';
import type { ClientMessage } from '../src/protocol.ts';
import type { WebSocketClass, WebSocketLike } from '../src/socket.ts';
import type { ModelServer } from './model.ts';

type Keep = Extract<Effect, { kind: 'keep' }>;
type Publish = Extract<ClientMessage, { type: 'publish' }>;
type Settled = Extract<Effect, { kind: 'settled' }>;

/** What outlives a client, as a database would hold it. */
export class Storage {
  client: Kept['client'];
  readonly topics: NonNullable<Kept['topics']> = {};
  readonly rows = new Map<number, KeptEntry>();
  /** Keys of all entries that were ever here. */
  readonly seen = new Set<number>();
  /** Writes fail. */
  broken = false;

  write({ client, topics, entries = [], gone = [] }: Keep): void {
    this.client = client ?? this.client;
    Object.assign(this.topics, topics);
    for (const entry of entries) {
      this.rows.set(entry.key, entry);
      this.seen.add(entry.key);
    }
    for (const key of gone) this.rows.delete(key);
  }

  /** All that is here, copied, as a new process reads it; its run is above all that were said. */
  read(now: number): Kept {
    const { topics } = this;
    const client = this.client && { ...this.client, run: Math.max(this.client.run, now) };
    const entries = [...this.rows.values()].sort((a, b) => a.key - b.key);
    return structuredClone({ ...(client && { client }), topics, entries });
  }

  /** Whether a later life sends the entry as the same, or neither has it nor goes on as its client. */
  excuses({ data, seq }: Publish, secret: string | undefined): boolean {
    const row = this.rows.get((data as { key: number }).key);
    return row ? row.seq === seq && secret === this.client?.secret : secret !== this.client?.secret;
  }

  /** Whether the entry is here as it is sent, with the voids that it carries. */
  holds(m: Publish): boolean {
    const row = [...this.rows.values()].find((r) => r.topic === m.topic && r.seq === m.seq);
    const voids = this.topics[m.topic]?.voids ?? [];
    return (
      isDeepStrictEqual(row?.data, m.data) &&
      row?.base === m.base &&
      (m.voids ?? []).every((void_) => voids.some((v) => isDeepStrictEqual(v, void_)))
    );
  }
}

/** The core between a storage and the model server, from its birth until it dies. */
export class Life {
  readonly #server: ModelServer;
  readonly #WebSocket: () => WebSocketClass;
  readonly #storage: Storage;
  readonly #core: Core;
  readonly #unwritten: Keep[] = [];
  readonly #settled: (effect: Settled) => void;
  #socket: WebSocketLike | undefined;
  /** As which client it speaks. */
  #secret: string | undefined;
  #writing = false;
  /** It was told that a write has failed, and of none since that has not. */
  #failing = false;
  /** The latest batch that is written and not told; 0: there is none. */
  #untold = 0;
  #dead = false;
  #wish = 0;

  constructor(
    server: ModelServer,
    WebSocket: () => WebSocketClass,
    storage: Storage,
    settled: (effect: Settled) => void,
  ) {
    const { world } = server;
    this.#server = server;
    this.#WebSocket = WebSocket;
    this.#storage = storage;
    this.#settled = settled;
    this.#core = new Core({
      token: 'function',
      roads: ['ws'],
      keeps: true,
      random: world.random,
      secret: () => `20781.${String(world.below(2 ** 31)).padStart(22, '0')}`,
    });
  }

  get live(): boolean {
    return this.#core.state === 'live';
  }

  step(input: Input): void {
    if (this.#dead) return;
    for (const effect of this.#core.step(this.#server.world.now, input)) this.#carryOut(effect);
  }

  /** Nothing more is done. What was on its way may still arrive, as long as the server does not notice. */
  die(): void {
    const { world } = this.#server;
    this.#dead = true;
    const socket = this.#socket;
    world.after(world.below(100), () => socket?.close());
  }

  #carryOut(effect: Effect): void {
    const { world } = this.#server;
    switch (effect.kind) {
      case 'token':
        return void world.after(1, () => this.step({ kind: 'token', token: 'jwt' }));
      case 'open':
        return this.#open();
      case 'send':
        for (const m of effect.messages) {
          if (m.type === 'hello') this.#secret = m.clients?.[0]?.secret;
          if (m.type !== 'publish' || this.#storage.holds(m)) continue;
          if (!this.#failing || !this.#storage.excuses(m, this.#secret))
            throw new Error(`sent what is not stored: ${JSON.stringify(m)}`);
        }
        return this.#socket?.send(JSON.stringify(effect.messages));
      case 'shut':
        this.#socket?.close();
        this.#socket = undefined;
        return;
      case 'settled':
        return this.#settled(effect);
      case 'keep':
        this.#unwritten.push(structuredClone(effect));
        if (!this.#writing) this.#write();
        return;
      case 'wait':
        return this.#wait(effect.until ?? Infinity);
    }
  }

  #open(): void {
    const socket = new (this.#WebSocket())('ws://tutti.test/v1/ws', 'tutti.v1');
    this.#socket = socket;
    const here = (input: Input): void => {
      if (this.#socket === socket) this.step(input);
    };
    socket.addEventListener('open', () => here({ kind: 'opened' }));
    socket.addEventListener('message', ({ data }) =>
      here({ kind: 'message', message: JSON.parse(data as string) }),
    );
    socket.addEventListener('close', ({ code }) => here({ kind: 'lost', code: code as number }));
  }

  #wait(until: number): void {
    const { world } = this.#server;
    this.#wish = until;
    if (until === Infinity) return;
    world.after(until - world.now, () => {
      if (this.#wish === until) this.step({ kind: 'tick' });
    });
  }

  /**
   * Writes batch by batch, each whole or not at all; tells of it later, and not of
   * each. What could not be written is written as one with all that came since.
   */
  #write(): void {
    const { world } = this.#server;
    const batches = this.#failing ? [...this.#unwritten] : this.#unwritten.slice(0, 1);
    const { batch = 0 } = batches.at(-1) ?? {};
    this.#writing = true;
    world.after(world.below(world.chance(0.05) ? 3000 : 30), () => {
      if (this.#dead) return;
      const { broken } = this.#storage;
      if (!broken) for (const keep of batches) this.#storage.write(keep);
      world.after(world.below(10), () => {
        this.#writing = false;
        if (broken) return this.#fail();
        this.#unwritten.splice(0, batches.length);
        this.#untold = batch;
        if (world.chance(0.8) || !this.#unwritten.length) this.#tell();
        if (this.#unwritten.length && !this.#writing) this.#write();
      });
    });
  }

  #tell(): void {
    const batch = this.#untold;
    if (!batch) return;
    this.#untold = 0;
    this.#failing = false;
    this.step({ kind: 'kept', batch });
  }

  /** A write has failed; what was written before is told first. */
  #fail(): void {
    const { world } = this.#server;
    this.#tell();
    this.#failing = true;
    this.step({ kind: 'unkept' });
    if (!this.#writing) world.after(world.below(1000), () => this.#writing || this.#write());
  }
}
