import { EditorState, type Extension } from '@codemirror/state';
import { ViewPlugin } from '@codemirror/view';
import { type Cursors, otherCursors } from './cursors.ts';
import { type OwnSelection, ownSelection } from './selection.ts';
import { permitted, Sync, type SyncOptions } from './sync.ts';
import type { SharedText } from './text.ts';
import { syncOf, undoKeys } from './undo.ts';

export interface SharedTextOptions extends SyncOptions {
  /** Where everybody else is, to be shown. */
  cursors?: Cursors;
  /** Told where the user is, so that others can be told: undefined if the editor has no focus. */
  onSelection?: (selection: OwnSelection | undefined) => void;
}

/**
 * Makes an editor show a text, and the text follow what users do in the editor. It has
 * the keys for undo and redo, which take back what was done here and nobody else's
 * work; so the editor should have no history of its own.
 *
 * The text may be opening still, and the editor's document be any: what the text is
 * takes its place. Once it has ended, the editor is read-only.
 */
export function sharedText(text: SharedText, options: SharedTextOptions = {}): Extension {
  const { cursors, onSelection } = options;
  const sync = ViewPlugin.define((view) => new Sync(view, text, options), {
    // The editor takes in what was composed behind this event.
    eventObservers: { compositionend: (_, view) => void setTimeout(() => view.plugin(sync)?.flush()) },
  });
  return [
    permitted,
    EditorState.readOnly.from(permitted, (may) => !may),
    sync,
    syncOf.of((view) => view.plugin(sync)),
    undoKeys,
    cursors ? otherCursors(text, cursors, sync) : [],
    onSelection ? ownSelection(text, onSelection, sync) : [],
  ];
}
