/** How many of its operations may be unanswered. */
const most = 32;

/**
 * A writer who is legal and means ill: it keeps the base it began with for as long
 * as the server takes that, so that each of its operations is concurrent with all
 * that others have written since.
 */
export class Stale {
  topic;
  /** How many operations the server took. */
  taken = 0;
  #user;
  #newest = 0;
  #base;
  #seq = 0;
  #unanswered = 0;
  #refused; // the first seq that was refused

  static async join(user, name) {
    const stale = new Stale();
    stale.topic = `text:${name}`;
    stale.#user = user;
    user.attach(stale);
    await user.ask({ type: 'subscribe', topic: stale.topic, doc: 'text' });
    return stale;
  }

  take({ type, offset, seq }) {
    switch (type) {
      case 'snapshot':
      case 'entry':
        this.#newest = offset;
        break;
      case 'ack':
        this.taken++;
        this.#unanswered--;
        break;
      default: // refused, or a gap behind it
        this.#unanswered--;
        this.#refused ??= seq;
    }
    if (this.#refused !== undefined && this.#unanswered === 0) {
      this.#seq = this.#refused - 1;
      this.#base = undefined;
      this.#refused = undefined;
    }
  }

  write() {
    if (this.#newest === 0 || this.#refused !== undefined || this.#unanswered === most) return;
    this.#base ??= this.#newest;
    this.#seq++;
    this.#unanswered++;
    const data = [[0, 0, 'q']];
    this.#user.say({ type: 'publish', topic: this.topic, seq: this.#seq, base: this.#base, data });
  }
}
