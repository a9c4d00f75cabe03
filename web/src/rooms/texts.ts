import { connect } from '@tutti/client';
import { simulate } from '@tutti/client/testing';
import { text } from '@tutti/client/text';
import { presenceCursors, sharedText } from '@tutti/codemirror';
import { bindTextarea } from '@tutti/textarea';
import type { SeatView } from '../views/seat.ts';

export const topic = 'text:together';

/** One who writes: a client of its own, by a network of its own. */
export function write(seat: SeatView) {
  const network = simulate();
  const client = connect('.', { ...network.options, types: [text], token: seat.name, user: seat.name });
  const shared = client.text(topic);
  const here = client.presence(topic);
  here.enter();

  seat.showStatus(client.status);
  client.onStatus((status) => seat.showStatus(status));
  seat.onRetry(() => client.connect());
  seat.onNetwork(({ offline, reject }) => {
    network.set({ offline, reject: reject ? () => 'The server is in no mood for changes.' : undefined });
    if (!offline) client.connect();
  });

  // This is all that an editor needs, or a textarea.
  const onRejected = (error: unknown) => seat.fault(error);
  if (seat.area) bindTextarea(seat.area, shared, { onRejected });
  else seat.edit(sharedText(shared, { onRejected, ...presenceCursors(here, shared) }));

  seat.onUndo(() => shared.undo());
  seat.onRedo(() => shared.redo());
  shared.subscribe(() => seat.show(shared));
  return { client, shared };
}
