/**
 * A place in a tracker: in front of the code point at offset of a piece, or
 * behind the piece's last. It is moved, not made anew.
 */
export class Cursor {
  /** Where the cells of the piece begin. */
  piece = 0;
  offset = 0;

  set(piece: number, offset: number): this {
    this.piece = piece;
    this.offset = offset;
    return this;
  }
}
