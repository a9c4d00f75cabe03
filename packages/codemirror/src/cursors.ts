import { type Extension, type Range, StateEffect } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  EditorView,
  ViewPlugin,
  type ViewUpdate,
  WidgetType,
} from '@codemirror/view';
import type { Sync } from './sync.ts';
import type { SharedText } from './text.ts';

/** Where somebody else is in the text. */
export interface Cursor {
  /** Tells them apart. */
  readonly id: string;
  readonly name: string;
  /** A CSS colour. */
  readonly color: string;
  /** The end of the selection that stays, as a position in the text as it is. */
  readonly anchor: number;
  /** The end where the caret is. */
  readonly head: number;
}

/** Where everybody else is: told whenever something else is to be shown. */
export interface Cursors {
  get(): readonly Cursor[];
  subscribe(listener: () => void): () => void;
}

const moved = StateEffect.define<null>();

/** A colour by name, number or function, and nothing that could end it. */
const colour = /^(#[0-9a-f]{3,8}|[a-z]+|[a-z]+\([a-z0-9 .,%/+-]*\))$/i;

/** Shows the carets and selections of others. */
export function otherCursors(text: SharedText, cursors: Cursors, sync: ViewPlugin<Sync>): Extension {
  const drawn = (view: EditorView): DecorationSet => {
    const units = (position: number): number =>
      view.plugin(sync)?.toEditor(text.toUnits(Math.min(Math.max(position, 0), text.length))) ?? 0;
    return decorate(cursors.get(), units);
  };
  class Shown {
    decorations: DecorationSet;
    readonly #stop: () => void;
    #due = false;
    #ended = false;

    constructor(view: EditorView) {
      this.decorations = drawn(view);
      this.#stop = cursors.subscribe(() => this.#renew(view));
    }

    update({ docChanged, changes, view, startState, transactions }: ViewUpdate): void {
      const told = transactions.some(({ effects }) => effects.some((effect) => effect.is(moved)));
      // What was drawn in an empty document, as before the text was there, cannot tell where it belongs.
      if (told || startState.doc.length === 0) this.decorations = drawn(view);
      else if (docChanged) this.decorations = this.decorations.map(changes);
    }

    destroy(): void {
      this.#ended = true;
      this.#stop();
    }

    /** Once for all that is told in a turn, which may be one in which the editor changes. */
    #renew(view: EditorView): void {
      if (this.#due) return;
      this.#due = true;
      queueMicrotask(() => {
        this.#due = false;
        if (!this.#ended) view.dispatch({ effects: moved.of(null) });
      });
    }
  }
  return [theme, ViewPlugin.fromClass(Shown, { decorations: (plugin) => plugin.decorations })];
}

/** The decorations for cursors, by what turns a position into the editor's place for it. */
export function decorate(cursors: readonly Cursor[], units: (position: number) => number): DecorationSet {
  const all = cursors.flatMap(({ name, color, anchor, head }): Range<Decoration>[] => {
    const [from, to] = [units(Math.min(anchor, head)), units(Math.max(anchor, head))];
    const safe = colour.test(color) ? color : 'gray';
    const caret = Decoration.widget({ widget: new Caret(name, safe), side: 1 }).range(units(head));
    if (from === to) return [caret];
    const attributes = { style: `--tutti-cursor: ${safe}` };
    return [Decoration.mark({ class: 'cm-tutti-selection', attributes }).range(from, to), caret];
  });
  return Decoration.set(all, true);
}

class Caret extends WidgetType {
  readonly #name: string;
  readonly #color: string;

  constructor(name: string, color: string) {
    super();
    this.#name = name;
    this.#color = color;
  }

  override eq(other: Caret): boolean {
    return other.#name === this.#name && other.#color === this.#color;
  }

  override toDOM(): HTMLElement {
    const caret = document.createElement('span');
    caret.className = 'cm-tutti-caret';
    caret.style.setProperty('--tutti-cursor', this.#color);
    caret.setAttribute('aria-hidden', 'true');
    caret.dataset.name = this.#name;
    return caret;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

const theme = EditorView.baseTheme({
  '.cm-tutti-selection': { backgroundColor: 'color-mix(in srgb, var(--tutti-cursor) 25%, transparent)' },
  '.cm-tutti-caret': {
    position: 'relative',
    borderLeft: '2px solid var(--tutti-cursor)',
    marginLeft: '-1px',
    marginRight: '-1px',
  },
  '.cm-tutti-caret::after': {
    content: 'attr(data-name)',
    position: 'absolute',
    bottom: '100%',
    left: '-2px',
    padding: '0 4px',
    borderRadius: '3px 3px 3px 0',
    backgroundColor: 'var(--tutti-cursor)',
    color: '#fff',
    font: '600 11px/1.4 system-ui, sans-serif',
    whiteSpace: 'nowrap',
    pointerEvents: 'none',
    zIndex: '1',
  },
});
