import type { Storage } from '../storage/storage.ts';
import { Keeper, type KeeperHost, type Life } from './keeper.ts';
import { platformLock } from './lock.ts';
import { longest } from './revive.ts';
import { type ClientRow, Rows } from './rows.ts';
import { read, readable } from './valid.ts';

/** How often a page that is open looks for clients that have died since, in milliseconds. */
const lookEvery = 5_000;
/** So long one that was found is left alone: what it still has then could not be sent here. */
const lookAgain = 60_000;

type Clients = readonly (readonly [client: string, row: ClientRow])[];

/** Whether a client is not to be looked at. */
type Skip = (client: string) => boolean;

/** Takes a client's lock; returns how to let go of it, or undefined if somebody has it. */
type Lock = (client: string) => Promise<(() => void) | undefined>;

/**
 * Goes on as the client of the user that is dead and was used last, or as a new one
 * (rule OUT-3). Undefined if the one to go on as is alive.
 */
export async function begin(host: KeeperHost): Promise<{ keeper: Keeper; life: Life } | undefined> {
  const { name, storage, only, report } = host;
  const rows = new Rows(host.user);
  const lock: Lock = async (client) => {
    const of = `${name} ${rows.client(client)}`;
    return storage.lock ? storage.lock(of) : platformLock(of);
  };
  const all = await clients(storage, rows, report);
  const goOn = async (client: string, release: () => void, row?: ClientRow) => {
    let keeper: Keeper | undefined;
    let stop = (): void => {};
    const end = (): void => {
      stop();
      release();
    };
    try {
      keeper = new Keeper(host, client, end);
      const others =
        only === undefined ? await orphans(host, rows, lock, all, (other) => other === client) : [];
      const life = { ...(await keeper.revive(row, all)), others };
      const find = async (skip: Skip): Promise<string[]> => {
        const now = await clients(storage, rows, () => {}); // what cannot be read was told once
        return orphans(host, rows, lock, now, (other) => other === client || skip(other));
      };
      if (only === undefined) stop = look(host, others, find);
      return { keeper, life };
    } catch (error) {
      if (keeper) keeper.abandon();
      else end();
      throw error;
    }
  };
  const wanted = all
    .filter(([client]) => (only ?? client) === client)
    .sort(([, a], [, b]) => b.used - a.used);
  for (const [client, row] of wanted) {
    const release = await lock(client);
    if (!release) continue;
    try {
      return await goOn(client, release, row);
    } catch (error) {
      report(error); // nobody can go on as this client now
    }
  }
  if (only !== undefined) return undefined;
  const client = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
  return goOn(client, (await lock(client)) ?? (() => {}));
}

/** Reads the clients of a user, dead or alive. */
async function clients(storage: Storage, rows: Rows, report: (error: unknown) => void): Promise<Clients> {
  const stored = readable(await storage.read(rows.clients), read.client, report);
  return stored.map(([key, row]) => [key.slice(rows.clients.length), row] as const);
}

/** The dead ones that have left something. Those that nobody will know any more are erased. */
async function orphans(
  { storage, now }: KeeperHost,
  rows: Rows,
  lock: Lock,
  all: Clients,
  skip: Skip,
): Promise<string[]> {
  const found: string[] = [];
  for (const [client, { used }] of all) {
    if (skip(client)) continue;
    const release = await lock(client);
    if (!release) continue;
    try {
      const left = await storage.read(rows.entries(client));
      if (left.length) found.push(client);
      else if (now() - used > longest) {
        const topics = await storage.read(rows.topics(client));
        const keys = [rows.client(client), ...topics.map(([key]) => key)];
        await storage.write(keys.map((key) => [key, undefined]));
      }
    } finally {
      release();
    }
  }
  return found;
}

/** Tells of those that are found later: a page that is closed leaves its work to those that are open. */
function look(
  host: KeeperHost,
  known: readonly string[],
  find: (skip: Skip) => Promise<string[]>,
): () => void {
  const { timers, now } = host;
  const told = new Map(known.map((client) => [client, now()]));
  const rests: Skip = (client) => now() - (told.get(client) ?? Number.NEGATIVE_INFINITY) < lookAgain;
  let timer: unknown;
  let over = false;
  const wait = (): void => {
    timer = timers.setTimeout(async () => {
      const found = await find(rests).catch(() => []); // it is looked again
      if (over) return;
      for (const client of found) {
        told.set(client, now());
        host.orphaned(client);
      }
      wait();
    }, lookEvery);
    // Looking alone keeps no process alive.
    (timer as { unref?(): void } | undefined)?.unref?.();
  };
  wait();
  return () => {
    over = true;
    timers.clearTimeout(timer);
  };
}
