import { type Extension, Facet, Prec } from '@codemirror/state';
import { type Command, EditorView, keymap } from '@codemirror/view';
import type { Sync } from './sync.ts';

/** How an editor's synchronisation is found; an editor shows one text. */
export const syncOf = Facet.define<
  (view: EditorView) => Sync | null,
  ((view: EditorView) => Sync | null) | undefined
>({
  combine: ([first]) => first,
});

/** Takes back what was last done here to the text, and nobody else's work. */
export const undo: Command = (view) => revert(view, 'undo');

/** Makes again what was last undone. */
export const redo: Command = (view) => revert(view, 'redo');

function revert(view: EditorView, what: 'undo' | 'redo'): boolean {
  const sync = view.state.facet(syncOf)?.(view);
  if (!sync || view.state.readOnly) return false;
  sync.revert(what);
  return true;
}

/** The keys for undo and redo, before those of others, and what the browser's menu asks for. */
export const undoKeys: Extension = [
  Prec.high(
    keymap.of([
      { key: 'Mod-z', run: undo, preventDefault: true },
      { key: 'Mod-y', mac: 'Mod-Shift-z', run: redo, preventDefault: true },
      { linux: 'Ctrl-Shift-z', win: 'Ctrl-Shift-z', run: redo, preventDefault: true },
    ]),
  ),
  Prec.high(
    EditorView.domEventHandlers({
      beforeinput: (event, view) => {
        const command = { historyUndo: undo, historyRedo: redo }[event.inputType];
        if (!command?.(view)) return false;
        event.preventDefault();
        return true;
      },
    }),
  ),
];
