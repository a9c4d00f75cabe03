import './style.css';
import './todos.css';
import './crdts.css';
import './texts.css';
import { find } from './find.ts';
import { blameAt, head, type Operation, operations, type Run, valueAt } from './rooms/past.ts';
import { write } from './rooms/texts.ts';
import textsSource from './rooms/texts.ts?raw';
import { showSource } from './source.ts';
import { PastView, type Writer } from './views/past.ts';
import { SeatView } from './views/seat.ts';

const template = find<HTMLTemplateElement>(document, '#seat');
const seats = [
  new SeatView(template, 'Ann', 'editor'),
  new SeatView(template, 'Bob', 'editor'),
  new SeatView(template, 'Cleo', 'textarea'),
] as const;
const [ann, bob, cleo] = seats;
const same = find(document, '.same');
same.before(ann.element, bob.element);
const plain = find(document, '#plain');
plain.prepend(cleo.element);
showSource(find(plain, '.source'), 'texts.ts', textsSource);

const writers = seats.map(write);

/** Who writes by a client, as this page knows them. */
function writerOf(client: string | undefined): Writer {
  const hue = writers.findIndex((writer) => writer.client.id === client);
  return { name: seats[hue]?.name ?? 'Somebody else', hue: hue < 0 ? seats.length : hue };
}

function compare(): void {
  const equal = new Set(writers.map(({ shared }) => shared.value)).size === 1;
  const said = equal ? 'All three have the same text.' : 'They differ.';
  if (same.textContent !== said) same.textContent = said;
  same.dataset.same = String(equal);
}
for (const { shared } of writers) shared.subscribe(compare);
compare();

const past = new PastView(find(document, '#past'), writerOf);
let told = 0;
let asked = false;
let asking = false;

/** Asks what is new, and again for what came meanwhile. */
async function renew(): Promise<void> {
  asked = true;
  if (asking) return;
  asking = true;
  try {
    while (asked) {
      asked = false;
      await follow();
      await look();
    }
  } catch (error) {
    past.fault(error);
  } finally {
    asking = false;
  }
}

async function follow(): Promise<void> {
  const newest = await head();
  past.reach(newest);
  told = Math.max(told, newest - 100);
  let more: Operation[];
  do {
    more = await operations(told);
    past.add(more);
    told = more.at(-1)?.offset ?? told;
  } while (more.length > 0 && told < newest);
}

async function look(): Promise<void> {
  const { at } = past;
  // Who wrote what is an extra: the text is shown without it.
  const none = (): Run[] => [];
  const [value, runs] = await Promise.all([valueAt(at), blameAt(at).catch(none)]);
  if (at === past.at) past.show(at, value, runs);
  else asked = true;
}

past.onAt(renew);
for (const { shared } of writers) shared.onMutation(({ status }) => status === 'confirmed' && renew());
writers[0]?.shared.onChange(({ own }) => own || renew());
void renew();
