export { excise } from './excise.ts';
export { type Entry, Fold } from './fold.ts';
