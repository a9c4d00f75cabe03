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
const same = find(document, '.same');
const plain = find(document, '#plain');
const past = new PastView(find(document, '#past'), writerOf);
showSource(find(plain, '.source'), 'texts.ts', textsSource);

const writers: (ReturnType<typeof write> & { name: string })[] = [];

/** Lets one more write. */
function join(seat: SeatView): void {
  const writer = { ...write(seat), name: seat.name };
  writers.push(writer);
  writer.shared.subscribe(compare);
  writer.shared.onMutation(({ status }) => status === 'confirmed' && renew());
  compare();
}

/** Who writes by a client, as this page knows them. */
function writerOf(client: string | undefined): Writer {
  const hue = writers.findIndex((writer) => writer.client.id === client);
  return { name: writers[hue]?.name ?? 'Somebody else', hue: hue < 0 ? 3 : hue };
}

function compare(): void {
  const equal = new Set(writers.map(({ shared }) => shared.value)).size === 1;
  const said = equal ? 'All have the same text.' : 'They differ.';
  if (same.textContent !== said) same.textContent = said;
  same.dataset.same = String(equal);
}

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

for (const name of ['Ann', 'Bob']) {
  const seat = new SeatView(template, name, 'editor');
  same.before(seat.element);
  join(seat);
}
// Each is a connection, of which a browser has few where there are no WebSockets: the third comes when asked.
find(plain, '.join').addEventListener('click', ({ currentTarget }) => {
  const seat = new SeatView(template, 'Cleo', 'textarea');
  (currentTarget as Element).replaceWith(seat.element);
  join(seat);
});
past.onAt(renew);
writers[0]?.shared.onChange(({ own }) => own || renew());
void renew();
