import { writers } from './writers.js';

/** What is measured, by its name. */
export const scenarios = {
  '20 writers': { run: writers, documents: 1, each: 20, rate: 10, length: 10_000 },
  '50 writers': { run: writers, documents: 1, each: 50, rate: 10, length: 10_000 },
  '1,000 documents': { run: writers, documents: 1000, each: 2, rate: 0.2, length: 1000 },
};
