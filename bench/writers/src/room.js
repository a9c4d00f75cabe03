import { Writer } from './writer.js';

/** How long everything that was written may take to arrive at everyone, in milliseconds. */
const patience = 30_000;

/** A document, and those who write and read it. */
export class Room {
  name;
  members = [];
  /** What was written and has not come to all: when, and by how many it is awaited. By its mark. */
  #awaited = new Map();
  #unacknowledged = 0;
  #measured;

  /** `measured` has `delivery` and `acknowledgement`, where times are taken down. */
  constructor(name, measured) {
    this.name = name;
    this.#measured = measured;
  }

  /** A user opens the document, to read it and perhaps to write. */
  async join(user) {
    const number = this.members.length;
    const member = {};
    this.members.push(member);
    member.text = await user.open(this.name, (at, deleted, inserted) => {
      member.writer?.moved(at, deleted, inserted.length);
      for (const mark of inserted) this.#seen(mark);
    });
    member.writer = new Writer(number, member.text);
    return member;
  }

  #seen(mark) {
    const awaited = this.#awaited.get(mark);
    if (awaited === undefined) return;
    if (!awaited.arrived) this.#measured.delivery.since(awaited.at);
    awaited.readers--;
    if (awaited.readers > 0) return;
    this.#awaited.delete(mark);
    awaited.arrived?.();
  }

  /** Resolves when a mark that someone else writes has come to every member. */
  arrival(mark) {
    return new Promise((arrived) => {
      this.#awaited.set(mark, { readers: this.members.length, arrived });
    });
  }

  /** A member makes its next edit. */
  write(member) {
    const { at, deleted, mark } = member.writer.next();
    const now = performance.now();
    if (this.#awaited.has(mark)) throw new Error(`${this.name}: an edit did not come to all within 400 more`);
    this.#awaited.set(mark, { at: now, readers: this.members.length - 1 });
    this.#unacknowledged++;
    member.text.edit(at, deleted, mark, () => {
      this.#unacknowledged--;
      this.#measured.acknowledgement.since(now);
    });
  }

  /** Resolves when every edit is acknowledged and has come to every reader, and the texts are one: to it. */
  async agreed() {
    const end = performance.now() + patience;
    while (this.#awaited.size > 0 || this.#unacknowledged > 0) {
      if (performance.now() > end)
        throw new Error(
          `${this.name}: ${this.#awaited.size} edits did not come to all, ${this.#unacknowledged} were not acknowledged`,
        );
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return this.#same();
  }

  #same() {
    const [first, ...others] = this.members.map(({ text }) => text.text());
    if (others.some((other) => other !== first)) throw new Error(`${this.name}: the texts differ`);
    return first;
  }
}
