import { TuttiError } from '../error.ts';
import type { RecordCell } from './cell.ts';
import { Cells } from './cells.ts';
import { counter } from './counter.ts';
import { CounterHandle } from './counter-handle.ts';
import { Document, type Host } from './document.ts';
import type { MutationOptions } from './mutation.ts';
import { records } from './records.ts';
import { RecordsHandle, type RecordsOptions } from './records-handle.ts';
import { set } from './set.ts';
import { SetHandle, type SetOptions } from './set-handle.ts';
import type { DocumentState } from './state.ts';
import type { TextDocument, TextHandle, TextOptions, TextType } from './text.ts';
import type { Type } from './type.ts';
import { UUIDs } from './uuid.ts';

/** What the documents of a client need of it. */
export interface DocumentsHost extends Host {
  /** Draws from [0, 1). */
  random(): number;
  /** That of texts, if the application has given it. */
  readonly text?: TextType | undefined;
}

/** A document of any type. */
type Open = Document<DocumentState<unknown>, unknown>;

/** The documents that a client has open, by topic. */
export class Documents {
  readonly #host: DocumentsHost;
  readonly #uuids: UUIDs;
  readonly #open = new Map<string, Open>();

  constructor(host: DocumentsHost) {
    this.#host = host;
    this.#uuids = new UUIDs(host.now);
  }

  counter(topic: string, options: MutationOptions): CounterHandle {
    return new CounterHandle(this.#cells(topic, counter), this.#host.report, options.timeout);
  }

  set<T>(topic: string, options: SetOptions<T>): SetHandle<T> {
    return new SetHandle<T>(this.#cells(topic, set), this.#host.report, options);
  }

  records<T extends object>(topic: string, options: RecordsOptions<T>): RecordsHandle<T> {
    const { report, random } = this.#host;
    const host = { report, random, uuids: this.#uuids };
    return new RecordsHandle<T>(this.#cells<RecordCell>(topic, records), host, options);
  }

  text(topic: string, options: TextOptions): TextHandle {
    const { text, report } = this.#host;
    if (!text)
      throw new TuttiError(
        'not_found',
        "Texts are no part of the client: import { text } from '@tutti/client/text', connect({ types: [text] }).",
      );
    const document = this.#join(
      topic,
      text.name,
      (left): TextDocument => new Document(this.#host, topic, text.state(), left),
    );
    return text.handle(document, report, options);
  }

  /** The client may be another one, by what a server has told. */
  identify(): void {
    for (const document of this.#open.values()) document.identify();
  }

  /** The client was closed. */
  close(): void {
    for (const document of [...this.#open.values()]) document.end(new TuttiError('closed'));
  }

  #cells<C>(topic: string, type: Type<C>): Cells<C> {
    return this.#join(topic, type.name, (left) => new Cells(this.#host, topic, type, left));
  }

  /** The document that is open on a topic, or else a new one. */
  #join<D extends { state: { name: string }; open(): void }>(
    topic: string,
    name: string,
    make: (left: () => void) => D,
  ): D {
    const open = this.#open.get(topic);
    if (open && open.state.name !== name)
      throw new TuttiError(
        'wrong_type',
        `This client has the topic open as a document of the type ${open.state.name}.`,
      );
    if (open) return open as unknown as D;
    const document = make(() => this.#open.delete(topic));
    this.#open.set(topic, document as unknown as Open);
    document.open();
    return document;
  }
}
