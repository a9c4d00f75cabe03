import type { TextType } from './index.ts';
import { type Opened, SharedText } from './text/handle.ts';
import { TextState } from './text/state.ts';

/**
 * The type text, for `connect`:
 *
 *     import { connect } from '@tutti/client';
 *     import { text } from '@tutti/client/text';
 *
 *     const client = connect({ types: [text] });
 *     const notes = client.text('text:notes');
 */
export const text: TextType = {
  name: 'text',
  state: () => new TextState(),
  handle: (document, report, options) => new SharedText(document as Opened, report, options.timeout),
};
