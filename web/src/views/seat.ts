import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import type { Status, TuttiError } from '@tutti/client';
import { find } from '../find.ts';
import { StatusView } from './status.ts';

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

  onOffline(follow: (offline: boolean) => void): void {
    const box = find<HTMLInputElement>(this.element, 'input[name="offline"]');
    box.checked = false;
    box.addEventListener('change', () => follow(box.checked));
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
    new EditorView({ extensions: [shared, label, EditorView.lineWrapping], parent: this.#paper });
  }

  show({ canUndo, canRedo }: Reversible): void {
    find<HTMLButtonElement>(this.element, '.undo').disabled = !canUndo;
    find<HTMLButtonElement>(this.element, '.redo').disabled = !canRedo;
  }

  /** Shows why something that was written here was taken back. */
  fault(error: unknown): void {
    const { code, message } = error as TuttiError;
    find(this.element, '.fault').textContent = `${message} (${code})`;
  }
}
