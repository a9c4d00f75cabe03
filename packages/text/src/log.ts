export { between } from './between.ts';
export { TextError, type TextErrorCode } from './error.ts';
export { excise } from './excise.ts';
export { Fold } from './fold.ts';
export type { Op, Splice } from './op.ts';
export type { Entry, Logged } from './sequence.ts';
export { type Join, type Step, TextSession } from './session.ts';
export type { Snapshot } from './snapshot.ts';
export type { Limits, Pending } from './timeline.ts';
