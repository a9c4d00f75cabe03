import { DocumentsClient } from './doc/client.ts';
import type { Options } from './options.ts';
import { target } from './target.ts';

/**
 * Connects to a tutti server, and keeps connected until `close`. Returns at
 * once: what is published meanwhile is queued.
 *
 * The url is http(s) or ws(s), with the server's base path if it has one, or
 * relative to the page. Without one it is the server that served this module
 * as `/v1/client.js`, else the one that served the page.
 *
 * Throws a TuttiError if the url is none, or if no road leads there: see `roads`.
 */
export function connect(url?: string | URL, options?: Options): DocumentsClient;
export function connect(options: Options): DocumentsClient;
export function connect(to?: string | URL | Options, options: Options = {}): DocumentsClient {
  return new DocumentsClient(...target(to, options));
}

export type { Timers } from './alarm.ts';
export type { ErrorCode } from './codes.ts';
export type { State, Status } from './core/effect.ts';
export type { Road } from './core/roads.ts';
export { type Guard, type Patch, type RecordOptions, RecordsBatch } from './doc/batch.ts';
export { DocumentsClient as Client } from './doc/client.ts';
export type { Condition } from './doc/condition.ts';
export { CounterHandle } from './doc/counter-handle.ts';
export type { DocumentStatus } from './doc/document.ts';
export { type DocumentChange, Handle } from './doc/handle.ts';
export type { Mutation, MutationOptions, MutationStatus } from './doc/mutation.ts';
export type { Overridden } from './doc/overridden.ts';
export type { Query, QueryOptions } from './doc/query.ts';
export {
  type Insertion,
  RecordsHandle,
  type RecordsOptions,
  type Row,
  type Rows,
} from './doc/records-handle.ts';
export type { Schema, SchemaIssue, SchemaResult } from './doc/schema.ts';
export { SetHandle, type SetOptions } from './doc/set-handle.ts';
export type {
  Anchor,
  EditOptions,
  SharedPosition,
  Side,
  Splice,
  TextChange,
  TextHandle,
  TextOp,
  TextOptions,
  TextType,
} from './doc/text.ts';
export { TuttiError } from './error.ts';
export type { DeadLetter, OldEntry, OutboxEntry } from './keep.ts';
export type { Options } from './options.ts';
export type { Outbox } from './outbox.ts';
export { Presence, type Signal } from './presence/presence.ts';
export type { Change as PresenceChange, Session, User } from './presence/view.ts';
export type { Else, Entry, From, Member, Page, PageRequest, Position, Range } from './protocol.ts';
export type { Acknowledgement, Publication, PublishStatus } from './publication.ts';
export type { WebSocketClass, WebSocketLike } from './socket.ts';
export type { Change, Channel, Storage } from './storage/storage.ts';
export type { Syncing, SyncStatus } from './sync.ts';
export { type Handler, type PublishOptions, type SubscribeOptions, Topic } from './topic.ts';
