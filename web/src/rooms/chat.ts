import { connect } from '@tutti/client';
import type { ChatView, Message } from '../views/chat.ts';

export function chat(view: ChatView): void {
  const client = connect('.');
  const lobby = client.topic<Message>('chat:lobby');

  view.showStatus(client.status);
  client.onStatus((status) => view.showStatus(status));
  view.onRetry(() => client.connect());

  lobby.subscribe((message, entry) => view.show(message, entry), {
    from: { last: 50 },
    onStart: (start) => view.start(start.offset),
  });

  view.onSay((message) => {
    // Queued at once, grey until it is acknowledged.
    const sent = lobby.publish(message);
    view.showPending(message, sent);
  });
}
