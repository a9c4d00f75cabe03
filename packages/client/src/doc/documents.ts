import type { Copy } from '../document.ts';
import { TuttiError } from '../error.ts';
import type { RecordCell } from './cell.ts';
import { Cells } from './cells.ts';
import { counter } from './counter.ts';
import { CounterHandle } from './counter-handle.ts';
import { Document, type Host, type Revived } from './document.ts';
import type { HandleOptions } from './handle.ts';
import type { Mutation } from './mutation.ts';
import { records } from './records.ts';
import { RecordsHandle, type RecordsOptions } from './records-handle.ts';
import { set } from './set.ts';
import { SetHandle, type SetOptions } from './set-handle.ts';
import type { DocumentState } from './state.ts';
import type { TextChange, TextDocument, TextHandle, TextOp, TextOptions, TextType } from './text.ts';
import type { Type } from './type.ts';
import { UUIDs } from './uuid.ts';

/** What the documents of a client need of it. */
export interface DocumentsHost extends Host {
  /** Draws from [0, 1). */
  random(): number;
  /** That of texts, if the application has given it. */
  readonly text?: TextType | undefined;
}

/** The types that every client has. */
const types: Readonly<Record<string, Type<never>>> = { counter, set, records } as never;

/** What a former life of the client has left on a topic. */
export interface Left {
  topic: string;
  /** The type of the document. */
  doc: string;
  operations: readonly Revived[];
  copy: Copy;
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

  counter(topic: string, options: HandleOptions): CounterHandle {
    return new CounterHandle(
      this.#cells(topic, counter, options.offline),
      this.#host.report,
      options.timeout,
    );
  }

  set<T>(topic: string, options: SetOptions<T>): SetHandle<T> {
    return new SetHandle<T>(this.#cells(topic, set, options.offline), this.#host.report, options);
  }

  records<T extends object>(topic: string, options: RecordsOptions<T>): RecordsHandle<T> {
    const { report, random } = this.#host;
    const host = { report, random, uuids: this.#uuids };
    return new RecordsHandle<T>(this.#cells<RecordCell>(topic, records, options.offline), host, options);
  }

  text(topic: string, options: TextOptions): TextHandle {
    const { text, report } = this.#host;
    if (!text)
      throw new TuttiError(
        'not_found',
        "Texts are no part of the client: import { text } from '@tutti/client/text', connect({ types: [text] }).",
      );
    const document = this.#join(topic, text.name, options.offline, () => this.#makeText(topic, text));
    return text.handle(document as unknown as TextDocument, report, options);
  }

  /**
   * Goes on with operations of a former life of the client, which had that id, and
   * opens the document that they are of. False if the client has no documents of
   * that type: they wait for a client that has.
   */
  revive({ topic, doc, operations, copy }: Left, client: string | undefined): boolean {
    const isNew = !this.#open.has(topic);
    const document = this.#find(topic, doc);
    document?.revive(client, operations, copy);
    if (isNew) document?.open();
    return document !== undefined;
  }

  /** The type of the document that is open on a topic. */
  typeOf(topic: string): string | undefined {
    return this.#open.get(topic)?.state.name;
  }

  /** Makes an operation of a document of a type; throws if it cannot be made. */
  operate(topic: string, type: string, data: unknown): void {
    const { text, report } = this.#host;
    const document = this.#join(topic, type, undefined, () => {
      const found = this.#find(topic, type);
      if (!found) throw new TuttiError('wrong_type', `The client has no documents of the type ${type}.`);
      return found;
    });
    const leave = document.join();
    try {
      let mutation: Mutation;
      if (document instanceof Cells)
        mutation = document.mutate({ keys: [], make: () => data, local: () => undefined }).mutation;
      else {
        const handle = (text as TextType).handle(document as unknown as TextDocument, report, {});
        mutation = handle.edit(data as TextOp);
        handle.close();
      }
      if (mutation.error) throw mutation.error;
    } finally {
      leave();
    }
  }

  /** The client may be another one, by what a server has told. */
  identify(): void {
    for (const document of this.#open.values()) document.identify();
  }

  /** Stores those that are kept, of which nothing is stored any more. */
  save(): void {
    for (const document of this.#open.values()) document.save();
  }

  /** The client was closed. */
  close(): void {
    for (const document of [...this.#open.values()]) document.end(new TuttiError('closed'));
  }

  #cells<C>(topic: string, type: Type<C>, offline: boolean | undefined): Cells<C> {
    return this.#join(topic, type.name, offline, () => this.#make(topic, type)) as unknown as Cells<C>;
  }

  /** The document that is open on a topic, or else a new one, which is opened. */
  #join(topic: string, name: string, offline: boolean | undefined, make: () => Open): Open {
    const open = this.#open.get(topic);
    if (open && open.state.name !== name)
      throw new TuttiError(
        'wrong_type',
        `This client has the topic open as a document of the type ${open.state.name}.`,
      );
    if (open && offline) open.keep();
    if (open) return open;
    const document = make();
    document.open(offline);
    return document;
  }

  /** The document of a type on a topic, or a new one; undefined if it is of another, or there is none of that type. */
  #find(topic: string, name: string): Open | undefined {
    const open = this.#open.get(topic);
    if (open) return open.state.name === name ? open : undefined;
    const type = types[name];
    if (type) return this.#make(topic, type);
    const { text } = this.#host;
    return text?.name === name ? this.#makeText(topic, text) : undefined;
  }

  #make<C>(topic: string, type: Type<C>): Open {
    return this.#add(topic, (left) => new Cells(this.#host, topic, type, left));
  }

  #makeText(topic: string, text: TextType): Open {
    return this.#add(
      topic,
      (left): TextDocument =>
        new Document<DocumentState<TextChange>, TextChange>(this.#host, topic, text.state(), left),
    );
  }

  #add(topic: string, make: (left: () => void) => unknown): Open {
    const document = make(() => this.#open.delete(topic)) as Open;
    this.#open.set(topic, document);
    return document;
  }
}
