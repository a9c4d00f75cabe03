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

for (const [user, device] of [
  ['Ann', 'at her desk'],
  ['Ann', 'on her phone'],
  ['Bob', 'at his desk'],
] as const) {
  const desk = new DeskView(template, user, device);
  desks.append(desk.element);
  const here = sit(desk);
  if (user !== 'Bob') continue;
  here.onJoin(({ id, name }) => tell(`${name ?? id} came.`));
  here.onLeave(({ id, name }) => tell(`${name ?? id} left.`));
  here.onSignal('said', ({ user: by, data }) => tell(`${by}: ${data}`));
}
