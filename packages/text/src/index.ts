export type { Anchor } from './anchor.ts';
export type { Change, Event } from './change.ts';
export { TextError, type TextErrorCode } from './error.ts';
export { apply, type Op, op, type Side, type Splice, transform, transformPosition } from './op.ts';
export { Replica } from './replica.ts';
export type { Version } from './version.ts';
