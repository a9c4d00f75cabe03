import './style.css';
import './todos.css';
import './texts.css';
import './presence.css';
import { find, make } from './find.ts';
import { sit } from './rooms/presence.ts';
import presenceSource from './rooms/presence.ts?raw';
import { showSource } from './source.ts';
import { DeskView } from './views/desk.ts';

const template = find<HTMLTemplateElement>(document, '#desk');
const desks = find(document, '.desks');
const happened = find(document, '.happened');
showSource(find(document, '.source'), 'presence.ts', presenceSource);

/** Notes what Bob is told. */
function tell(what: string): void {
  const line = make('li', '');
  line.append(make('span', 'body', what), make('time', '', new Date().toLocaleTimeString()));
  happened.append(line);
  line.scrollIntoView({ block: 'nearest' });
}

const ann = new DeskView(template, 'Ann', 'at her desk');
const bob = new DeskView(template, 'Bob', 'at his desk');
desks.prepend(ann.element, bob.element);
sit(ann);
const here = sit(bob);
here.onJoin(({ id, name }) => tell(`${name ?? id} came.`));
here.onLeave(({ id, name }) => tell(`${name ?? id} left.`));
here.onSignal('said', ({ user, data }) => tell(`${user}: ${data}`));

// Each is a connection, of which a browser has few where there are no WebSockets: the third comes when asked.
find(desks, '.join').addEventListener('click', () => {
  const phone = new DeskView(template, 'Ann', 'on her phone');
  find(desks, '.chair').replaceWith(phone.element);
  sit(phone);
});
