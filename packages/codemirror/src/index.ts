export type { Cursor, Cursors } from './cursors.ts';
export {
  type LocatedText,
  type Member,
  type Presence,
  type PresenceCursorsOptions,
  presenceCursors,
  type SharedPosition,
  type SharedSelection,
} from './presence.ts';
export type { OwnSelection } from './selection.ts';
export { type SharedTextOptions, sharedText } from './shared-text.ts';
export { type SyncOptions, shown } from './sync.ts';
export type { Anchor, Edit, Op, SharedText, Splice, TextChange } from './text.ts';
export { redo, undo } from './undo.ts';
