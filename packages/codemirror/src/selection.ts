import type { Extension } from '@codemirror/state';
import { type EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view';
import type { Sync } from './sync.ts';
import type { Anchor, SharedText } from './text.ts';

/** The main selection of an editor, as places that move with the text. */
export interface OwnSelection {
  readonly anchor: Anchor;
  readonly head: Anchor;
}

/**
 * Tells where the user is in the text: whenever that has changed otherwise than by what
 * others write, and undefined when the editor has no focus. What was told before is
 * released then.
 */
export function ownSelection(
  text: SharedText,
  tell: (selection: OwnSelection | undefined) => void,
  sync: ViewPlugin<Sync>,
): Extension {
  class Told {
    #told: OwnSelection | undefined;

    constructor(view: EditorView) {
      if (view.hasFocus) this.#tell(view);
    }

    update({ selectionSet, focusChanged, view }: ViewUpdate): void {
      if (selectionSet || focusChanged) this.#tell(view);
    }

    destroy(): void {
      this.#move(undefined);
    }

    #tell(view: EditorView): void {
      if (!view.hasFocus) {
        this.#move(undefined);
        return;
      }
      const end = text.toUnits(text.length);
      const { anchor, head } = view.state.selection.main;
      const place = (units: number): Anchor => {
        const there = view.plugin(sync)?.toText(units) ?? 0;
        return text.anchor(text.toPosition(Math.min(there, end)), 'left');
      };
      this.#move({ anchor: place(anchor), head: place(head) });
    }

    #move(selection: OwnSelection | undefined): void {
      const before = this.#told;
      if (!before && !selection) return;
      this.#told = selection;
      tell(selection);
      before?.anchor.release();
      before?.head.release();
    }
  }
  return ViewPlugin.fromClass(Told);
}
