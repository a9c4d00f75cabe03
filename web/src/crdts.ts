import './style.css';
import './crdts.css';
import { type Client, connect } from '@tutti/client';
import { find } from './find.ts';
import { Device } from './rooms/device.ts';
import deviceSource from './rooms/device.ts?raw';
import { sync } from './rooms/sync.ts';
import syncSource from './rooms/sync.ts?raw';
import { showSource } from './source.ts';
import { DeviceView } from './views/device.ts';
import { StatusView } from './views/status.ts';

const [a, b] = [new Device('A'), new Device('B')];
const template = find<HTMLTemplateElement>(document, '#device');
const [viewA, viewB] = [new DeviceView(a, b, template), new DeviceView(b, a, template)];

const same = find(document, '.same');
const compare = (): void => {
  const equal =
    a.parts.counter.equal(b.parts.counter) &&
    a.parts.set.equal(b.parts.set) &&
    a.parts.latest.equal(b.parts.latest) &&
    a.parts.all.equal(b.parts.all);
  const said = equal ? 'Both hold the same.' : 'They differ.';
  if (same.textContent !== said) same.textContent = said;
  same.dataset.same = String(equal);
};
same.before(viewA.element, viewB.element);
viewA.give.addEventListener('click', () => viewB.take(a.payload(), a.name));
viewB.give.addEventListener('click', () => viewA.take(b.payload(), b.name));
a.onChange(compare);
b.onChange(compare);
compare();

const syncRoom = find(document, '#sync');
showSource(find(syncRoom, '.source'), 'sync.ts', syncSource);

// Whoever has the address is on the same topic.
const room = /^#[a-z0-9]{6,20}$/.test(location.hash)
  ? location.hash.slice(1)
  : [...crypto.getRandomValues(new Uint32Array(2))].map((n) => n.toString(36)).join('');
history.replaceState(undefined, '', `#${room}`);
find<HTMLAnchorElement>(syncRoom, '.again').hash = room;

let client: Client | undefined;
const connected = new Map<Device, () => void>();
const status = new StatusView(find(syncRoom, '.status'), () => client?.connect());
status.show({ state: 'idle' });

const join = (device: Device, view: DeviceView): void => {
  if (!client) {
    client = connect('.');
    status.show(client.status);
    client.onStatus((now) => status.show(now));
  }
  connected.set(
    device,
    sync(device, client.topic(`crdts:${room}`), (error) => view.fault(error)),
  );
};
const leave = (device: Device): void => {
  connected.get(device)?.();
  connected.delete(device);
  if (connected.size) return;
  client?.close();
  client = undefined;
  status.show({ state: 'idle' });
};

const reuseRoom = find(document, '#reuse');
showSource(find(reuseRoom, '.source'), 'device.ts', deviceSource);
const said = find(reuseRoom, '.said');
find(reuseRoom, '.copy').addEventListener('click', () => {
  b.restore(a.payload());
  viewB.show();
  said.textContent = `Both devices are now ${b.id}.`;
});

for (const [device, view] of [
  [a, viewA],
  [b, viewB],
] as const) {
  const name = device.name.toLowerCase();
  const box = find<HTMLInputElement>(syncRoom, `input[name="${name}"]`);
  const follow = (): void => (box.checked ? join(device, view) : leave(device));
  box.checked = false;
  box.addEventListener('change', follow);
  find(reuseRoom, `.renew[name="${name}"]`).addEventListener('click', () => {
    device.renew();
    view.fault();
    view.show();
    said.textContent = `Device ${device.name} is now ${device.id}.`;
  });
}
