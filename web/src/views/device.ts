import { CrdtError } from '@tutti/crdt';
import { find, make } from '../find.ts';
import type { Device } from '../rooms/device.ts';

/** What a refusal means to who reads the page. */
const meanings: Partial<Record<CrdtError['code'], string>> = {
  replica_reused: 'Somebody else worked under this id. Give this device a fresh one below, then try again.',
  clock_skew: 'The other clock is far ahead of this one.',
};

/** A device as the page shows it. */
export class DeviceView {
  readonly element: HTMLElement;
  /** Gives its payload away. */
  readonly give: HTMLButtonElement;
  readonly #device: Device;
  readonly #took: HTMLElement;
  readonly #fault: HTMLElement;

  constructor(device: Device, other: Device, template: HTMLTemplateElement) {
    this.#device = device;
    const { name, parts } = device;
    this.element = find(template.content.cloneNode(true) as DocumentFragment, '.device');
    const element = this.element;
    element.id = `device-${name}`;
    const title = find(element, 'h2');
    find(title, '.name').textContent = name;
    title.id = `${element.id}-title`;
    element.setAttribute('aria-labelledby', title.id);
    find(element, '.payload').setAttribute('aria-label', `Payload of ${name}`);
    this.give = find<HTMLButtonElement>(element, '.give');
    this.give.textContent = `Give ${name}’s payload to ${other.name}`;
    this.#took = find(element, '.took');
    this.#fault = find(element, '.fault');

    find(element, '.more').addEventListener('click', () => parts.counter.increment());
    find(element, '.less').addEventListener('click', () => parts.counter.decrement());
    onText(find<HTMLFormElement>(element, '[name="set"]'), (text) => parts.set.add(text));
    onText(find<HTMLFormElement>(element, '[name="register"]'), (text) => {
      parts.latest.set(text);
      parts.all.set(text);
    });
    device.onChange(() => this.show());
    this.show();
  }

  show(): void {
    const { id, parts } = this.#device;
    const { element } = this;
    find(element, '.id').textContent = id;
    find(element, 'output').textContent = String(parts.counter.value);
    this.#showSet(parts.set.value);
    showValues(find(element, '.latest'), parts.latest.value === undefined ? [] : [parts.latest.value]);
    showValues(find(element, '.all'), parts.all.values());
    const payload = this.#device.payload();
    find(element, '.payload code').textContent = layOut(payload);
    find(element, '.size').textContent = `${JSON.stringify(payload).length} characters`;
  }

  /** Takes in a payload and says what became of it. */
  take(payload: Record<string, unknown>, from: string): void {
    const before = JSON.stringify(this.#device.payload());
    this.#took.textContent = '';
    try {
      this.#device.apply(payload);
      const same = JSON.stringify(this.#device.payload()) === before;
      this.#took.textContent = same
        ? `Took the payload of ${from}: nothing in it was new, nothing has changed.`
        : `Took the payload of ${from}.`;
      this.fault();
    } catch (error) {
      this.fault(error);
    }
  }

  /** Shows why something was refused; without an error, that nothing is wrong. */
  fault(error?: unknown): void {
    this.#fault.replaceChildren();
    if (error === undefined) return;
    const code = error instanceof CrdtError ? error.code : 'error';
    const message = error instanceof Error ? error.message : String(error);
    const meaning = error instanceof CrdtError ? meanings[error.code] : undefined;
    this.#fault.append(make('code', '', code), ` ${message}. ${meaning ?? ''}`);
  }

  #showSet(values: string[]): void {
    const list = find(this.element, '.chips');
    list.replaceChildren(
      ...values.map((value) => {
        const chip = make('li', '');
        const remove = make('button', 'remove', '×') as HTMLButtonElement;
        remove.type = 'button';
        remove.setAttribute('aria-label', `Remove ${value}`);
        remove.addEventListener('click', () => {
          this.#device.parts.set.remove(value);
          find(this.element, '[name="element"]').focus();
        });
        chip.append(make('span', '', value), remove);
        return chip;
      }),
    );
    if (!values.length) list.append(make('li', 'none', 'empty'));
  }
}

function showValues(place: HTMLElement, values: string[]): void {
  place.replaceChildren(...values.map((value) => make('span', 'value', value)));
  if (!values.length) place.append(make('span', 'none', 'not set'));
  if (values.length > 1) place.append(make('span', 'none', 'set concurrently'));
}

function onText(form: HTMLFormElement, take: (text: string) => void): void {
  const input = find<HTMLInputElement>(form, 'input');
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const text = input.value.trim();
    input.value = '';
    if (text) take(text);
  });
}

/** JSON with a line for each member of each part. */
function layOut(payload: Record<string, unknown>): string {
  const parts = Object.entries(payload).map(([name, part]) => {
    const members = Object.entries(part as object).map(
      ([key, value]) => `    "${key}": ${JSON.stringify(value)}`,
    );
    return `  "${name}": {\n${members.join(',\n')}\n  }`;
  });
  return `{\n${parts.join(',\n')}\n}`;
}
