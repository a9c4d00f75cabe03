/** The part of the platform's locks that is used. */
interface LockManager {
  request(
    name: string,
    options: { mode: 'exclusive'; steal?: boolean },
    held: () => Promise<void> | undefined,
  ): Promise<unknown>;
}

function manager(): LockManager {
  return (globalThis as unknown as { navigator: { locks: LockManager } }).navigator.locks;
}

/** Holds a lock until the function that it returns is called; resolves when it has it. */
export function hold(name: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const held = (): Promise<void> => new Promise((release) => resolve(release));
    manager().request(name, { mode: 'exclusive' }, held).catch(reject);
  });
}

/** Tells when nobody holds a lock any more. */
export function whenFree(name: string, free: () => void): void {
  const held = (): undefined => void free();
  manager().request(name, { mode: 'exclusive' }, held).catch(free);
}

/** Has a lock for good, or until somebody steals it; with `steal` takes it from whoever has it. */
export function lead(name: string, steal: boolean, begin: () => void, end: () => void): void {
  const held = (): Promise<void> => {
    begin();
    return new Promise(() => {});
  };
  manager()
    .request(name, { mode: 'exclusive', ...(steal && { steal }) }, held)
    .catch(end);
}
