// Lets the page of notes open without a network. The page itself comes from
// the server if that can be had, so that it is never an old one; what it is made of has
// names of its own for each version, and comes from here.
const files = caches.open('notes-offline');

addEventListener('install', (event) => event.waitUntil(skipWaiting()));
addEventListener('activate', (event) => event.waitUntil(clients.claim()));

// The page tells what it has loaded, also before this worker was there.
addEventListener('message', ({ data }) => {
  const add = async (cache, url) => (await cache.match(url)) ?? cache.add(url);
  files.then((cache) => Promise.allSettled(data.map((url) => add(cache, url))));
});

addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin || pathname.includes('/v1/')) return;
  event.respondWith(request.mode === 'navigate' ? page(request) : file(request));
});

async function page(request) {
  const cache = await files;
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put('./offline.html', answer.clone());
    return answer;
  } catch (error) {
    const kept = await cache.match('./offline.html');
    if (!kept) throw error;
    return kept;
  }
}

async function file(request) {
  const cache = await files;
  const kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}
