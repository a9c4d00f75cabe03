import type { Syncing } from '../sync.ts';
import type { BannerMessages } from './messages.ts';
import { mountBanner } from './mount.ts';

/** A banner as an element. It shows nothing before it has a source. */
export interface StatusElement extends HTMLElement {
  source: Syncing | undefined;
  /** In place of the English ones. */
  messages: Partial<BannerMessages> | undefined;
}

/**
 * Registers `<tutti-status>`, or what you name it; twice is safe. Give each its
 * `source`, and style it by `::part(tutti-banner)`.
 */
export function defineStatusElement(name = 'tutti-status'): void {
  if (customElements.get(name)) return;
  class Status extends HTMLElement implements StatusElement {
    #source: Syncing | undefined;
    #messages: Partial<BannerMessages> | undefined;
    #unmount: (() => void) | undefined;

    get source(): Syncing | undefined {
      return this.#source;
    }

    set source(source: Syncing | undefined) {
      this.#source = source;
      this.connectedCallback();
    }

    get messages(): Partial<BannerMessages> | undefined {
      return this.#messages;
    }

    set messages(messages: Partial<BannerMessages> | undefined) {
      this.#messages = messages;
      this.connectedCallback();
    }

    connectedCallback(): void {
      this.disconnectedCallback();
      if (!this.#source || !this.isConnected) return;
      const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
      this.#unmount = mountBanner(this.#source, root, { messages: this.#messages ?? {} });
    }

    disconnectedCallback(): void {
      this.#unmount?.();
      this.#unmount = undefined;
    }
  }
  customElements.define(name, Status);
}
