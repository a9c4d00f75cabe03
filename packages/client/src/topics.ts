import { Client } from './client.ts';
import type { Options } from './options.ts';
import { target } from './target.ts';

/** Of a client of topics alone. */
export type TopicsOptions = Omit<Options, 'types'>;

/**
 * Connects as `connect` of `@tutti/client` does, with a client that has topics
 * and no documents, so that a page without these does not load them:
 *
 *     import { connect } from '@tutti/client/topics';
 *
 *     connect().topic('chat:lobby').subscribe(show);
 *
 * What a former life of the page has left of documents waits for a client that
 * has them.
 */
export function connect(url?: string | URL, options?: TopicsOptions): Client;
export function connect(options: TopicsOptions): Client;
export function connect(to?: string | URL | TopicsOptions, options: TopicsOptions = {}): Client {
  return new Client(...target(to, options), () => undefined);
}

export type { Timers } from './alarm.ts';
export { Client } from './client.ts';
export type { ErrorCode } from './codes.ts';
export type { State, Status } from './core/effect.ts';
export type { Road } from './core/roads.ts';
export { TuttiError } from './error.ts';
export { Presence, type Signal } from './presence/presence.ts';
export type { Change as PresenceChange, Session, User } from './presence/view.ts';
export type { Else, Entry, From, Member, Page, PageRequest, Position, Range } from './protocol.ts';
export type { Acknowledgement, Publication, PublishStatus } from './publication.ts';
export type { WebSocketClass, WebSocketLike } from './socket.ts';
export type { Syncing, SyncStatus } from './sync.ts';
export { type Handler, type PublishOptions, type SubscribeOptions, Topic } from './topic.ts';
