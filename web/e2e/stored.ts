import type { Page } from 'playwright-core';

/** The keys of the rows that are in the browser's databases. */
export function stored(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const answer = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const keys: string[] = [];
    for (const { name } of await indexedDB.databases()) {
      const database = await answer(indexedDB.open(name ?? ''));
      if (database.objectStoreNames.contains('rows')) {
        const rows = database.transaction('rows').objectStore('rows');
        keys.push(...((await answer(rows.getAllKeys())) as string[]));
      }
      database.close();
    }
    return keys;
  });
}

/** How many entries that are not settled are in the browser's databases. */
export async function storedEntries(page: Page): Promise<number> {
  return (await stored(page)).filter((key) => key.includes('/entry/')).length;
}
