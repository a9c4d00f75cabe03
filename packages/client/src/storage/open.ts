import { type IndexedDBOptions, indexedDBStorage } from './indexeddb.ts';
import { memoryStorage } from './memory.ts';
import type { Storage } from './storage.ts';

/** The best storage that the platform has: IndexedDB, or else memory. */
export function openStorage(name: string, options: IndexedDBOptions = {}): Storage {
  return options.indexedDB || has() ? indexedDBStorage(name, options) : memoryStorage();
}

/** Where a page may not store anything, to look for it throws. */
function has(): boolean {
  try {
    return typeof indexedDB !== 'undefined';
  } catch {
    return false;
  }
}
