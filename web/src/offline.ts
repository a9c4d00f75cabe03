import './style.css';
import './todos.css';
import './offline.css';
import { find } from './find.ts';
import { notes } from './rooms/offline.ts';
import offlineSource from './rooms/offline.ts?raw';
import { showSource } from './source.ts';
import { NotesView } from './views/notes.ts';

const room = find(document, '#notes');
showSource(find(room, '.source'), 'offline.ts', offlineSource);
notes(new NotesView(room), new URLSearchParams(location.search).get('user') ?? 'Ann');
// Where a page may not store anything it has no worker either.
keepPage().catch(() => {});

/** Lets the page itself open without a network. */
async function keepPage(): Promise<void> {
  const { serviceWorker } = navigator;
  await serviceWorker.register('./offline-worker.js', { scope: './offline.html' });
  const { active } = await serviceWorker.ready;
  const loaded = performance.getEntriesByType('resource').map(({ name }) => new URL(name));
  const own = loaded.filter(
    ({ origin, pathname }) => origin === location.origin && !pathname.includes('/v1/'),
  );
  active?.postMessage(['./offline.html', ...own.map(({ href }) => href)]);
}
