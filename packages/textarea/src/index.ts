export { bindTextarea, type TextareaOptions } from './bind.ts';
export type { Edit, Op, SharedText, Splice, TextChange } from './text.ts';
