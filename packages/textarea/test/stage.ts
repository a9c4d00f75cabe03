import { type Op, Replica } from '../../text/src/index.ts';
import type { Edit, SharedText, TextChange } from '../src/index.ts';

/** A text of a client, as `client.text(topic)` has it, whose server is another replica. */
export class Text implements SharedText {
  readonly replica: Replica;
  status = 'open';
  /** What the next edit throws. */
  refusal: Error | undefined;
  edits: Op[] = [];
  readonly #changes = new Set<(change: TextChange) => void>();
  readonly #moves = new Set<() => void>();

  constructor(agent: string) {
    this.replica = new Replica(agent);
  }

  get value(): string {
    return this.replica.toString();
  }

  get length(): number {
    return this.replica.length;
  }

  toUnits(position: number): number {
    return this.replica.toUnits(position);
  }

  edit(op: Op): Edit | undefined {
    const refusal = this.refusal;
    this.refusal = undefined;
    if (refusal) return { server: Promise.reject(refusal) };
    this.replica.edit(op);
    this.edits.push(op);
    this.#tell(op, true);
    return { server: Promise.resolve() };
  }

  undo(): void {
    this.#tell(this.replica.undo(), true);
  }

  redo(): void {
    this.#tell(this.replica.redo(), true);
  }

  /** Takes in what another has, told splice by splice when all is there. */
  pull({ replica }: Text): void {
    for (const splice of this.replica.merge(replica.since(this.replica.version())))
      this.#tell([splice], false);
  }

  move(status: string): void {
    this.status = status;
    for (const listener of this.#moves) listener();
  }

  get followers(): number {
    return this.#changes.size + this.#moves.size;
  }

  onChange(listener: (change: TextChange) => void): () => void {
    this.#changes.add(listener);
    return () => this.#changes.delete(listener);
  }

  onStatus(listener: () => void): () => void {
    this.#moves.add(listener);
    return () => this.#moves.delete(listener);
  }

  #tell(op: Op, own: boolean): void {
    if (op.length > 0) for (const listener of this.#changes) listener({ op, own });
  }
}

/** What a textarea is to who types in it: a value, a selection, and events. */
export class Area extends EventTarget {
  readonly localName: string;
  readonly type: string;
  readOnly = false;
  scrollTop = 0;
  scrollLeft = 0;
  selectionStart = 0;
  selectionEnd = 0;
  selectionDirection: 'forward' | 'backward' | 'none' = 'none';
  #value = '';

  constructor(localName = 'textarea', type = 'textarea') {
    super();
    this.localName = localName;
    this.type = type;
  }

  get value(): string {
    return this.#value;
  }

  /** As a browser does, it puts the caret at the end and scrolls there. */
  set value(value: string) {
    this.#value = this.localName === 'input' ? value.replace(/[\r\n]/g, '') : value.replace(/\r\n?/g, '\n');
    this.selectionStart = this.selectionEnd = this.#value.length;
    this.scrollTop = 1_000;
  }

  setSelectionRange(start: number, end: number, direction: 'forward' | 'backward' | 'none' = 'none'): void {
    this.selectionStart = start;
    this.selectionEnd = end;
    this.selectionDirection = direction;
  }

  /** Replaces what is selected, as a key or a paste does. */
  write(text: string): void {
    const { selectionStart: start, selectionEnd: end } = this;
    this.#value = this.#value.slice(0, start) + text + this.#value.slice(end);
    this.setSelectionRange(start + text.length, start + text.length);
    this.dispatchEvent(new Event('input'));
  }

  backspace(): void {
    const { selectionStart: start, selectionEnd: end } = this;
    if (start === end) this.selectionStart -= [...this.#value.slice(0, start)].at(-1)?.length ?? 0;
    this.write('');
  }

  press(key: string, held: { ctrlKey?: boolean; metaKey?: boolean; shiftKey?: boolean } = {}): Event {
    const event = new Event('keydown', { cancelable: true });
    Object.assign(event, { key, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...held });
    this.dispatchEvent(event);
    return event;
  }
}
