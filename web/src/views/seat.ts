import type { Extension } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';
import type { Status, TuttiError } from '@tutti/client';
import { find } from '../find.ts';
import { StatusView } from './status.ts';

/** How an editor looks here, and what Enter does in it. */
const paper: Extension = [
  EditorView.lineWrapping,
  EditorView.theme({
    '&': { height: '220px', border: '1px solid var(--line)', borderRadius: '10px', overflow: 'hidden' },
    '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '2px' },
    '.cm-scroller': { font: 'inherit' },
    '.cm-content': { padding: '10px 8px', caretColor: 'currentColor' },
  }),
  keymap.of([
    {
      key: 'Enter',
      run: (view) => {
        view.dispatch(view.state.replaceSelection('\n'), { scrollIntoView: true, userEvent: 'input' });
        return true;
      },
    },
  ]),
];

/** What the visitor lets happen between one who writes and the server. */
export interface Network {
  offline: boolean;
  /** What is written is rejected, as a hook on the server would. */
  reject: boolean;
}

/** What of a text is shown beside it. */
interface Reversible {
  readonly canUndo: boolean;
  readonly canRedo: boolean;
}

/** The place of one who writes, as the page shows it: a name, a connection, and an editor or a textarea. */
export class SeatView {
  readonly element: HTMLElement;
  readonly name: string;
  /** What is written in, if that is no editor. */
  readonly area: HTMLTextAreaElement | undefined;
  readonly #status: StatusView;
  readonly #paper: HTMLElement;
  #retry: () => void = () => {};

  constructor(template: HTMLTemplateElement, name: string, kind: 'editor' | 'textarea') {
    this.element = find(template.content.cloneNode(true) as DocumentFragment, '.seat');
    this.name = name;
    this.element.id = `seat-${name}`;
    const title = find(this.element, 'h2');
    title.id = `${this.element.id}-title`;
    title.textContent = name;
    this.element.setAttribute('aria-labelledby', title.id);
    find(this.element, '.road').textContent = kind === 'editor' ? 'CodeMirror' : 'A plain textarea';
    this.#status = new StatusView(find(this.element, '.status'), () => this.#retry());
    this.#paper = find(this.element, '.paper');
    if (kind === 'editor') return;
    this.area = document.createElement('textarea');
    this.area.setAttribute('aria-label', `What ${name} sees`);
    this.#paper.append(this.area);
  }

  showStatus(status: Status): void {
    this.#status.show(status);
  }

  /** Calls a function when the visitor does not want to wait for the next attempt. */
  onRetry(retry: () => void): void {
    this.#retry = retry;
  }

  /** Calls a function with how the network is to be, after each change. */
  onNetwork(follow: (network: Network) => void): void {
    const box = (name: string) => find<HTMLInputElement>(this.element, `input[name="${name}"]`);
    const [offline, reject] = [box('offline'), box('reject')];
    for (const input of [offline, reject]) {
      input.checked = false;
      input.addEventListener('change', () => follow({ offline: offline.checked, reject: reject.checked }));
    }
  }

  onUndo(undo: () => void): void {
    find(this.element, '.undo').addEventListener('click', undo);
  }

  onRedo(redo: () => void): void {
    find(this.element, '.redo').addEventListener('click', redo);
  }

  /** Makes an editor of what an extension keeps up to date. */
  edit(shared: Extension): void {
    const label = EditorView.contentAttributes.of({ 'aria-label': `What ${this.name} sees` });
    // The page's policy allows style sheets that are made by scripts in a shadow tree alone.
    const root = this.#paper.attachShadow({ mode: 'open' });
    new EditorView({ extensions: [shared, label, paper], parent: root, root });
  }

  show({ canUndo, canRedo }: Reversible): void {
    find<HTMLButtonElement>(this.element, '.undo').disabled = !canUndo;
    find<HTMLButtonElement>(this.element, '.redo').disabled = !canRedo;
  }

  /** Shows why something that was written here was taken back. */
  fault(error: unknown): void {
    const { code, message } = error as TuttiError;
    find(this.element, '.fault').textContent = `Taken back: ${message} (${code})`;
  }
}
