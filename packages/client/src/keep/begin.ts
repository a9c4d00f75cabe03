import { Keeper, type KeeperHost, type Life } from './keeper.ts';
import { platformLock } from './lock.ts';
import { longest } from './revive.ts';
import { type ClientRow, Rows } from './rows.ts';
import { read, readable } from './valid.ts';

/** Clients of a user, dead or alive. */
type Clients = readonly (readonly [client: string, row: ClientRow])[];

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
  const stored = readable(await storage.read(rows.clients), read.client, report);
  const all = stored.map(([key, row]) => [key.slice(rows.clients.length), row] as const);
  const goOn = async (client: string, release: () => void, row?: ClientRow) => {
    let keeper: Keeper | undefined;
    try {
      keeper = new Keeper(host, client, release);
      const others = only === undefined ? await orphans(host, rows, all, lock, client) : [];
      return { keeper, life: { ...(await keeper.revive(row, all)), others } };
    } catch (error) {
      if (keeper) keeper.abandon();
      else release();
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

/** The dead ones beside a client that have left something. Those that nobody will know any more are erased. */
async function orphans(
  { storage, now }: KeeperHost,
  rows: Rows,
  all: Clients,
  lock: Lock,
  self: string,
): Promise<string[]> {
  const found: string[] = [];
  for (const [client, { used }] of all) {
    if (client === self) continue;
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
