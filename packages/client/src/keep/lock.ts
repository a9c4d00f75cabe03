/** The part of the platform's locks that is used. */
interface Locks {
  request(
    name: string,
    options: { ifAvailable: true },
    held: (lock: unknown) => Promise<void> | undefined,
  ): Promise<unknown>;
}

/** Of this process, where the platform has no locks. */
const taken = new Set<string>();

/** Takes a lock, and returns how to let go of it; undefined if somebody has it. */
export function platformLock(name: string): Promise<(() => void) | undefined> {
  const { locks } = (globalThis as { navigator?: { locks?: Locks } }).navigator ?? {};
  if (!locks) return Promise.resolve(own(name));
  return new Promise((resolve, reject) => {
    const held = (got: unknown): Promise<void> | undefined => {
      if (got) return new Promise((release) => resolve(release));
      resolve(undefined);
      return undefined;
    };
    locks.request(name, { ifAvailable: true }, held).catch(reject);
  });
}

function own(name: string): (() => void) | undefined {
  if (taken.has(name)) return undefined;
  taken.add(name);
  return () => void taken.delete(name);
}
