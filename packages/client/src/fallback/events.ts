/** More characters than any event of a server has. */
const longest = 1 << 24;

/**
 * Takes an event stream apart, as the HTML standard says, piece by piece. Of
 * an event its data alone is of interest here.
 */
export class EventParser {
  #line = '';
  #data: string[] = [];
  #size = 0;
  /** The last piece ended in a CR: an LF that follows belongs to it. */
  #afterCR = false;

  /** Returns the data of the events that are complete with this piece. Throws if one never ends. */
  push(piece: string): string[] {
    const text = this.#afterCR && piece.startsWith('\n') ? piece.slice(1) : piece;
    if (piece) this.#afterCR = piece.endsWith('\r');
    const events: string[] = [];
    const lines = text.split(/\r\n|\r|\n/);
    for (const [i, part] of lines.entries()) {
      this.#size += part.length;
      if (this.#size > longest) throw new Error('The event is too long.');
      this.#line += part;
      if (i < lines.length - 1) this.#take(events);
    }
    return events;
  }

  #take(events: string[]): void {
    const line = this.#line;
    this.#line = '';
    if (!line) {
      if (this.#data.length) events.push(this.#data.join('\n'));
      this.#data = [];
      this.#size = 0;
      return;
    }
    const [, value] = line.match(/^data(?::|$) ?(.*)/s) ?? [];
    if (value === undefined) this.#size -= line.length;
    else this.#data.push(value);
  }
}
