/** The marks of a writer: as many of its edits can be told apart at a time. */
const marks = 400;

/** The first mark. All are single UTF-16 units that no text here begins with. */
const first = 0x4e00;

/** How many edits are made in one place before the writer goes to another. */
const run = 10;

/**
 * Draws the edits of someone who types: ten characters one behind the other, of
 * which every fourth replaces what stands there, then somewhere else. Each edit
 * inserts one character, a mark by which readers know it.
 */
export class Writer {
  #number;
  #text;
  #cursor = 0;
  #edits = 0;

  /** `number` is below 50 and no other writer's of the text. */
  constructor(number, text) {
    this.#number = number;
    this.#text = text;
  }

  /** Others have edited: the cursor stays between the characters where it was. */
  moved(at, deleted, inserted) {
    if (at < this.#cursor) this.#cursor = Math.max(at, this.#cursor - deleted) + inserted;
  }

  next() {
    const { length } = this.#text;
    // At least a quarter of the text away, so that nothing is replaced that is under way still.
    if (this.#edits % run === 0)
      this.#cursor = Math.floor(this.#cursor + length / 4 + (Math.random() * length) / 2) % (length + 1);
    const deleted = this.#edits % 4 === 3 && this.#cursor < length ? 1 : 0;
    const mark = String.fromCharCode(first + this.#number * marks + (this.#edits % marks));
    const at = Math.min(this.#cursor, length);
    this.#edits++;
    this.#cursor = at + 1;
    return { at, deleted, mark };
  }
}
