export { TextError, type TextErrorCode } from './error.ts';
export type { LV, Version } from './graph.ts';
export { History } from './history.ts';
export { Rope } from './rope.ts';
export type { Tell } from './walk.ts';
