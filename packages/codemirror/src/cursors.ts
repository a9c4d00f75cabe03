import { EditorSelection, type Extension, StateEffect } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  EditorView,
  type LayerMarker,
  layer,
  RectangleMarker,
  ViewPlugin,
  type ViewUpdate,
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

/** A cursor in an editor, whose places count code units. */
interface Placed {
  name: string;
  color: string;
  from: number;
  to: number;
  head: number;
}

/**
 * Shows the carets and selections of others. Carets are drawn above the text and not
 * put into it: there the browser's own keys would not get past them, and what is
 * composed beside one would end.
 */
export function otherCursors(text: SharedText, cursors: Cursors, sync: ViewPlugin<Sync>): Extension {
  const placedIn = (view: EditorView): Placed[] => {
    const units = (position: number): number =>
      view.plugin(sync)?.toEditor(text.toUnits(Math.min(Math.max(position, 0), text.length))) ?? 0;
    return placed(cursors.get(), units);
  };
  const told = ({ transactions }: ViewUpdate): boolean =>
    transactions.some(({ effects }) => effects.some((effect) => effect.is(moved)));
  class Shown {
    decorations: DecorationSet;
    readonly #stop: () => void;
    #due = false;
    #ended = false;

    constructor(view: EditorView) {
      this.decorations = decorate(placedIn(view));
      this.#stop = cursors.subscribe(() => this.#renew(view));
    }

    update(update: ViewUpdate): void {
      const { docChanged, changes, view, startState } = update;
      // What was drawn in an empty document, as before the text was there, cannot tell where it belongs.
      if (told(update) || startState.doc.length === 0) this.decorations = decorate(placedIn(view));
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
  const carets = layer({
    above: true,
    class: 'cm-tutti-carets',
    update: (update) => update.docChanged || told(update),
    markers: (view) => placedIn(view).flatMap((cursor) => caretsOf(view, cursor)),
  });
  return [theme, ViewPlugin.fromClass(Shown, { decorations: (plugin) => plugin.decorations }), carets];
}

/** Where cursors are in an editor, by what turns a position into the editor's place for it. */
export function placed(cursors: readonly Cursor[], units: (position: number) => number): Placed[] {
  return cursors.map(({ name, color, anchor, head }) => ({
    name,
    color: colour.test(color) ? color : 'gray',
    from: units(Math.min(anchor, head)),
    to: units(Math.max(anchor, head)),
    head: units(head),
  }));
}

/** The decorations for selections. */
export function decorate(cursors: readonly Placed[]): DecorationSet {
  const ranges = cursors.flatMap(({ color, from, to }) => {
    const attributes = { style: `--tutti-cursor: ${color}` };
    return from === to ? [] : [Decoration.mark({ class: 'cm-tutti-selection', attributes }).range(from, to)];
  });
  return Decoration.set(ranges, true);
}

/** The caret of a cursor, if its place is drawn. */
function caretsOf(view: EditorView, cursor: Placed): Caret[] {
  const at = EditorSelection.cursor(cursor.head);
  return RectangleMarker.forRange(view, '', at).map((place) => new Caret(cursor, place));
}

class Caret implements LayerMarker {
  readonly #cursor: Placed;
  readonly #place: RectangleMarker;

  constructor(cursor: Placed, place: RectangleMarker) {
    this.#cursor = cursor;
    this.#place = place;
  }

  eq(other: Caret): boolean {
    const [a, b] = [this.#cursor, other.#cursor];
    return a.name === b.name && a.color === b.color && this.#place.eq(other.#place);
  }

  draw(): HTMLElement {
    const caret = document.createElement('div');
    caret.className = 'cm-tutti-caret';
    caret.style.setProperty('--tutti-cursor', this.#cursor.color);
    caret.dataset.name = this.#cursor.name;
    this.#put(caret);
    return caret;
  }

  /** Moves what was drawn, so that it can glide. */
  update(caret: HTMLElement, other: Caret): boolean {
    if (other.#cursor.name !== this.#cursor.name || other.#cursor.color !== this.#cursor.color) return false;
    this.#put(caret);
    return true;
  }

  #put({ style, classList }: HTMLElement): void {
    const { left, top, height } = this.#place;
    classList.toggle('cm-tutti-first', top < 16); // there is no room for the name above it
    style.left = `${left}px`;
    style.top = `${top}px`;
    style.height = `${height}px`;
  }
}

const theme = EditorView.baseTheme({
  '.cm-tutti-selection': { backgroundColor: 'color-mix(in srgb, var(--tutti-cursor) 25%, transparent)' },
  '.cm-tutti-caret': {
    position: 'absolute',
    borderLeft: '2px solid var(--tutti-cursor)',
    marginLeft: '-1px',
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
  },
  '.cm-tutti-first::after': { top: '100%', bottom: 'auto', borderRadius: '0 3px 3px 3px' },
});
