import { stand } from './leader.ts';
import type { FromHub, Opening, Port } from './port.ts';

/** How long a hub may take to answer, in milliseconds; how often it is asked for; and how often whether it lives. */
const patience = 3_000;
const again = 200;
export const beat = 2_000;

/** A port to a hub. */
export interface Way {
  port: Port;
  hub: string;
  /** Of a tab that leads, since tabs freeze: */
  leader?: {
    /** puts this page in its place; */
    replace(): void;
    /** calls a function when another has taken its place; returns how to end that. */
    onReplaced(replaced: () => void): () => void;
  };
}

/** Finds a hub: in a SharedWorker, else in the tab that leads. */
export async function find(opening: Opening): Promise<Way | undefined> {
  return (await byWorker(opening)) ?? (await byLeader(opening, false)) ?? (await byLeader(opening, true));
}

async function byWorker(open: Opening): Promise<Way | undefined> {
  if (typeof SharedWorker !== 'function') return undefined;
  try {
    // One expression, by which bundlers know the script of a worker.
    const worker = new SharedWorker(new URL('./share-worker.js', import.meta.url), {
      type: 'module',
      name: 'tutti',
    });
    const failed = new Promise<undefined>((resolve) => {
      worker.onerror = () => resolve(undefined);
    });
    const { port } = worker;
    const hub = await Promise.race([answered(port, () => port.postMessage({ open })), failed]);
    return hub === undefined ? undefined : { port, hub };
  } catch {
    return undefined;
  }
}

async function byLeader(open: Opening, steal: boolean): Promise<Way | undefined> {
  if (typeof BroadcastChannel !== 'function') return undefined;
  const name = `tutti:share:${JSON.stringify([open.url, open.user, open.rights])}`;
  await stand(name, steal);
  const hall = new BroadcastChannel(name);
  const port = new BroadcastChannel(open.lock);
  const timer = setInterval(() => hall.postMessage({ open }), again);
  const hub = await answered(port, () => hall.postMessage({ open }));
  clearInterval(timer);
  if (hub === undefined) {
    hall.close();
    port.close();
    return undefined;
  }
  const onReplaced = (replaced: () => void): (() => void) => {
    hall.onmessage = ({ data }: MessageEvent<{ leads?: string }>) => {
      if (data.leads !== undefined && data.leads !== hub) replaced();
    };
    return () => hall.close();
  };
  return { port, hub, leader: { replace: () => void stand(name, true), onReplaced } };
}

/** The hub that answers on a port; undefined if none does. */
function answered(port: Port, knock: () => void): Promise<string | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), patience);
    port.onmessage = ({ data }: { data: FromHub }) => {
      if (!('here' in data)) return;
      clearTimeout(timer);
      port.onmessage = null;
      resolve(data.hub);
    };
    knock();
  });
}
