import { branch } from './branch.js';
import { hostile } from './hostile.js';
import { memory } from './memory.js';
import { opening } from './opening.js';
import { writers } from './writers.js';

/** What is measured, by its name; `once`: in one run. */
export const scenarios = {
  '20-writers': { run: writers, documents: 1, each: 20, rate: 10, length: 10_000 },
  '50-writers': { run: writers, documents: 1, each: 50, rate: 10, length: 10_000 },
  documents: { run: writers, documents: 1000, each: 2, rate: 0.2, length: 1000 },
  branch: { run: branch, edits: 10_000, writers: 5, rate: 10, length: 10_000 },
  opening: { run: opening, once: true, entries: 100_000, parts: 16 },
  memory: { run: memory, once: true, documents: 1000, length: 20_000 },
  hostile: { run: hostile, only: 'tutti', each: 10, rate: 10, length: 10_000, hostileRate: 100 },
};
