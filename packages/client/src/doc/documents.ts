import { TuttiError } from '../error.ts';
import type { RecordCell } from './cell.ts';
import { counter } from './counter.ts';
import { CounterHandle } from './counter-handle.ts';
import { Document, type Host } from './document.ts';
import type { MutationOptions } from './mutation.ts';
import { records } from './records.ts';
import { RecordsHandle, type RecordsOptions } from './records-handle.ts';
import { set } from './set.ts';
import { SetHandle, type SetOptions } from './set-handle.ts';
import type { Type } from './type.ts';
import { UUIDs } from './uuid.ts';

/** What the documents of a client need of it. */
export interface DocumentsHost extends Host {
  /** Milliseconds since 1970. */
  now(): number;
  /** Draws from [0, 1). */
  random(): number;
}

/** The documents that a client has open, by topic. */
export class Documents {
  readonly #host: DocumentsHost;
  readonly #uuids: UUIDs;
  readonly #open = new Map<string, Document<never>>();

  constructor(host: DocumentsHost) {
    this.#host = host;
    this.#uuids = new UUIDs(host.now);
  }

  counter(topic: string, options: MutationOptions): CounterHandle {
    return new CounterHandle(this.#document(topic, counter), this.#host.report, options.timeout);
  }

  set<T>(topic: string, options: SetOptions<T>): SetHandle<T> {
    return new SetHandle<T>(this.#document(topic, set), this.#host.report, options);
  }

  records<T extends object>(topic: string, options: RecordsOptions<T>): RecordsHandle<T> {
    const { report, random } = this.#host;
    const host = { report, random, uuids: this.#uuids };
    return new RecordsHandle<T>(this.#document<RecordCell>(topic, records), host, options);
  }

  /** The client was closed. */
  close(): void {
    for (const document of [...this.#open.values()]) document.end(new TuttiError('closed'));
  }

  #document<C>(topic: string, type: Type<C>): Document<C> {
    const open = this.#open.get(topic) as unknown as Document<C> | undefined;
    if (open && open.type !== type)
      throw new TuttiError(
        'wrong_type',
        `This client has the topic open as a document of the type ${open.type.name}.`,
      );
    if (open) return open;
    const document = new Document(this.#host, topic, type, () => this.#open.delete(topic));
    this.#open.set(topic, document as unknown as Document<never>);
    document.open();
    return document;
  }
}
