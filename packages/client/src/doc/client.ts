import { Client, mayName } from '../client.ts';
import type { Settings } from '../options.ts';
import type { CounterHandle } from './counter-handle.ts';
import { Documents } from './documents.ts';
import type { HandleOptions } from './handle.ts';
import type { RecordsHandle, RecordsOptions } from './records-handle.ts';
import type { SetHandle, SetOptions } from './set-handle.ts';
import type { TextHandle, TextOptions } from './text.ts';

/** A client of topics and of documents. */
export class DocumentsClient extends Client<Documents> {
  /** Use `connect`. */
  constructor(url: string, settings: Settings) {
    super(url, settings, (host) => new Documents(host));
  }

  /**
   * Opens a counter. Throws bad_topic if it cannot be a topic's name, and
   * wrong_type if this client has it open as another type.
   */
  counter(topic: string, options: HandleOptions = {}): CounterHandle {
    mayName(topic);
    return this.documents.counter(topic, options);
  }

  /** Opens a set of JSON values. Throws as `counter` does. */
  set<T = unknown>(topic: string, options: SetOptions<T> = {}): SetHandle<T> {
    mayName(topic);
    return this.documents.set(topic, options);
  }

  /** Opens records: JSON objects by key. Throws as `counter` does. */
  records<T extends object = Record<string, unknown>>(
    topic: string,
    options: RecordsOptions<T> = {},
  ): RecordsHandle<T> {
    mayName(topic);
    return this.documents.records(topic, options);
  }

  /**
   * Opens a text that several people edit. Throws as `counter` does, and
   * not_found unless the client was connected with `types: [text]`.
   */
  text(topic: string, options: TextOptions = {}): TextHandle {
    mayName(topic);
    return this.documents.text(topic, options);
  }
}
