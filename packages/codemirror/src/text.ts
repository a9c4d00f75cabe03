/** A change at one place, `[at, delete, insert]`: so many code points behind `at` others are deleted, and text is put there. */
export type Splice = readonly [at: number, deleted: number, inserted: string];

/** A change of a text: splices, each of which sees those before it. */
export type Op = readonly Splice[];

/** What has become of a text. */
export interface TextChange {
  readonly op: Op;
  /** It was made through the same client. */
  readonly own: boolean;
}

/** How far an edit has come; `server` fails if it is rejected. */
export interface Edit {
  readonly server: Promise<unknown>;
}

/** A place that moves with the text around it, until it is released. */
export interface Anchor {
  readonly position: number;
  release(): void;
}

/**
 * A text that others edit too: `client.text(topic)` of `@tutti/client`. Positions
 * count Unicode code points. Changes are told in order, where several have come at once
 * one after the other, while `value` has all of them already; those of `edit`, `undo`
 * and `redo` before they return.
 */
export interface SharedText {
  readonly value: string;
  readonly length: number;
  /** `open` when it is shown; before that `opening`, and `failed` or `closed` when it has ended. */
  readonly status: string;
  /** How many UTF-16 code units are before a position. */
  toUnits(position: number): number;
  /** The position of a UTF-16 code unit. */
  toPosition(units: number): number;
  edit(op: Op): Edit | undefined;
  undo(): unknown;
  redo(): unknown;
  /** `left` stays behind the code point in front of the position, `right` in front of the one behind it. */
  anchor(position: number, side: 'left' | 'right'): Anchor;
  onChange(listener: (change: TextChange) => void): () => void;
  onStatus(listener: () => void): () => void;
}
