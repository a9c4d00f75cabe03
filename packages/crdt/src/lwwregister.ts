import { Clock, type ClockOptions, readStamp, type Stamp } from './clock.ts';
import { refuse } from './error.ts';
import { Reader } from './payload.ts';
import { Replica } from './replica.ts';
import { toValue } from './value.ts';
import { overrides, sameWritten, type Written } from './written.ts';

/** Stamp and value are missing while nothing was set. */
export interface LWWRegisterPayload<T> {
  replicaId: string;
  stamp?: Stamp;
  value?: T;
}

/** One JSON value; of values set concurrently the one with the later stamp stays. */
export class LWWRegister<T> extends Replica<LWWRegisterPayload<T>, Written<T> | undefined> {
  readonly #clock: Clock;
  #written: Written<T> | undefined;

  constructor(options: ClockOptions = {}) {
    super(options);
    this.#clock = new Clock(options);
  }

  /** The value, frozen; undefined while nothing was set. */
  get value(): T | undefined {
    return this.#written?.value?.data;
  }

  set(value: T): LWWRegisterPayload<T> {
    const own = toValue<T>(value, 'bad_value', 'value');
    this.#written = { stamp: this.#clock.stamp(this.replicaId), value: own };
    this.changed();
    return this.payload();
  }

  payload(): LWWRegisterPayload<T> {
    const { replicaId } = this;
    if (!this.#written?.value) return { replicaId };
    const { stamp, value } = this.#written;
    return { replicaId, stamp: [...stamp], value: value.data };
  }

  equal(other: LWWRegister<T>): boolean {
    return sameWritten(this.#written, other.#written);
  }

  protected read(payload: unknown): Written<T> | undefined {
    const reader = new Reader(payload, [], ['stamp', 'value']);
    if (reader.has('stamp') !== reader.has('value')) refuse('payload', 'stamp and value come together');
    if (!reader.has('stamp')) return undefined;
    return {
      stamp: readStamp(reader.get('stamp'), 'stamp'),
      value: toValue<T>(reader.get('value'), 'bad_payload', 'value'),
    };
  }

  protected state(): Written<T> | undefined {
    return this.#written;
  }

  protected isReused(written: Written<T> | undefined): boolean {
    return written !== undefined && this.#clock.isReused(written.stamp, this.replicaId);
  }

  protected override checkClock(written: Written<T> | undefined): void {
    if (written) this.#clock.check(written.stamp);
  }

  protected join(written: Written<T> | undefined): boolean {
    if (!written || !overrides(written, this.#written)) return false;
    this.#clock.see(written.stamp);
    this.#written = written;
    return true;
  }

  protected override begin(): void {
    this.#clock.begin();
  }
}
