import type { TuttiError } from '../error.ts';
import type { Document, DocumentStatus } from './document.ts';
import type { DocumentChange, HandleOptions } from './handle.ts';
import type { Mutation, MutationOptions } from './mutation.ts';
import type { DocumentState } from './state.ts';

/** A change at one place, `[at, delete, insert]`: so many code points behind `at` others are deleted, and text is put there. */
export type Splice = readonly [at: number, deleted: number, inserted: string];

/** A change of a text: splices, each of which sees those before it. */
export type TextOp = readonly Splice[];

/** Of a position at which text is inserted: whether it stays in front of that, or moves behind it. */
export type Side = 'left' | 'right';

/** What has become of the text that was shown. */
export interface TextChange {
  /** The shortest splices that make the new text of the old one. */
  readonly op: TextOp;
  /** It is of this client: an edit, or one that was taken back. */
  readonly own: boolean;
  /** Edits of this client were taken back: by `undo` or `cancel`, or since they were rejected. */
  readonly undone?: true;
  /** Whose edit it is: one tab or process. Absent of a backend, and where several edits came as one change. */
  readonly client?: string;
  /** The identity that made it, as far as it is known. */
  readonly author?: { readonly sub: string; readonly name?: string };
  /** This client was away for longer than the history is kept: what others did is one change, and pending edits were made anew on it. */
  readonly rebased?: true;
}

/** A position that moves with the text. */
export interface Anchor {
  /** How many code points are before it now. */
  readonly position: number;
  /** Lets go of it: it moves no more. */
  release(): void;
}

/** A position as others can be told it, in presence: plain JSON. What it means is for `share` and `locate`. */
export interface SharedPosition {
  /** The text is that of the log after this entry. */
  readonly offset: number;
  readonly at: number;
  /** What is inserted there moves it. */
  readonly side?: 'right';
}

/** What holds for all edits of a handle. */
export type TextOptions = HandleOptions;

export interface EditOptions extends MutationOptions {
  /**
   * Whether it is undone with the edit before. If absent, it is if both are
   * typing: at one place, in one direction, within half a second.
   */
  join?: boolean;
}

/**
 * A text that several people edit at once. Positions count Unicode code points;
 * `toUnits` and `toPosition` lead to JavaScript's and back. An edit that does
 * not fit the text changes nothing, and its mutation has the error.
 *
 * Changes are told in order, each when `value` is what it has made of the text:
 * of `edit`, `undo` and `redo` before they return, of others at the end of the
 * turn in which they came, one by one.
 */
export interface TextHandle {
  readonly topic: string;
  readonly status: DocumentStatus;
  /** When the text is first shown; fails if it ends before. Nobody needs to look at it. */
  readonly ready: Promise<void>;
  /** The text. */
  readonly value: string;
  /** How many code points it has. */
  readonly length: number;
  /** The edits that are not in the log, in order. */
  readonly pending: readonly Mutation<void>[];
  readonly canUndo: boolean;
  readonly canRedo: boolean;

  /** A part of the text, as far as it is there; to the end if `to` is absent. */
  slice(from: number, to?: number): string;
  /** Puts text behind so many code points. */
  insert(at: number, text: string, options?: EditOptions): Mutation<void>;
  /** Deletes n code points behind so many. */
  delete(at: number, n: number, options?: EditOptions): Mutation<void>;
  /** Puts text in the place of n code points behind so many. */
  replace(at: number, n: number, text: string, options?: EditOptions): Mutation<void>;
  /**
   * Makes splices, each of which sees those before it. Edits that wait to be
   * sent are one operation, and then share its mutation; what is too large for
   * one operation is several, and the mutation is of all of them.
   */
  edit(op: TextOp, options?: EditOptions): Mutation<void>;
  /** Takes back the latest own edit that is not undone, and nobody else's work. Undefined: there is none. */
  undo(): Mutation<void> | undefined;
  /** Takes back the latest `undo`. */
  redo(): Mutation<void> | undefined;

  /** How many UTF-16 code units are before a position. */
  toUnits(position: number): number;
  /** The position of a UTF-16 code unit: of the second of a pair, that of the first. */
  toPosition(units: number): number;
  /** Keeps a position as the text changes; what is inserted there moves it if its side is `right`. */
  anchor(position: number, side?: Side): Anchor;
  /**
   * A position as others can be told it, in the state of presence. They find it
   * where it is here, whatever they and others write meanwhile; within an edit
   * of this client that they do not have, beside that. Give what they were told
   * last whenever the text or a mutation has changed: if it is returned, they
   * need not be told anew.
   */
  share(position: number, last?: SharedPosition): SharedPosition;
  /**
   * Where a position that somebody shared is now. Undefined: its entry has not
   * come yet, so that it is to be tried again when the text or a mutation has
   * changed; it is too old; or it is none.
   */
  locate(shared: SharedPosition): number | undefined;

  /** Calls a function with each change; returns a function that ends it. */
  onChange(listener: (change: TextChange) => void): () => void;
  /** Calls a function with each change that is `rebased`; returns a function that ends it. */
  onRebased(listener: (change: TextChange) => void): () => void;
  /** Calls a function once for the changes of a turn; returns a function that ends it. */
  subscribe(listener: (change: DocumentChange) => void): () => void;
  /** Calls a function when the status has changed; returns a function that ends it. */
  onStatus(listener: (status: DocumentStatus) => void): () => void;
  /** Calls a function with each mutation when it is made, and when its status has changed. */
  onMutation(listener: (mutation: Mutation) => void): () => void;
  /** Calls a function with what went wrong and no mutation tells; without any, the client's `onError` is told. */
  onError(listener: (error: TuttiError) => void): () => void;
  /** Ends this handle with its listeners and anchors. What is pending goes on. */
  close(): void;
}

/** A document whose state this type has made. */
export type TextDocument = Document<DocumentState<TextChange>, TextChange>;

/** Texts, as an application gives them to `connect`. */
export interface TextType {
  readonly name: string;
  /** For the client alone: the state of a document that was not opened. */
  state(): DocumentState<TextChange>;
  /** For the client alone. */
  handle(document: TextDocument, report: (error: unknown) => void, options: TextOptions): TextHandle;
}
