export { TextError, type TextErrorCode } from './error.ts';
export type { Op, Side, Splice } from './op.ts';
export { Replica } from './replica.ts';
export type { Version } from './version.ts';
