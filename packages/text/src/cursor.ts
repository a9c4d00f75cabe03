/**
 * A place in a tracker: in front of the code point at offset of a piece, or
 * behind the piece's last. It is moved, not made anew.
 */
export class Cursor {
  tray = 0;
  /** The index of the piece in its tray. */
  i = 0;
  offset = 0;

  set(tray: number, i: number, offset: number): this {
    this.tray = tray;
    this.i = i;
    this.offset = offset;
    return this;
  }

  copy(other: Cursor): this {
    return this.set(other.tray, other.i, other.offset);
  }
}
