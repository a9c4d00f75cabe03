import { connect } from '@tutti/client';
import { simulate } from '@tutti/client/testing';
import type { DeskView, Note, State } from '../views/desk.ts';

/** One at the whiteboard: a client of its own, by a network of its own. */
export function sit(desk: DeskView) {
  const network = simulate();
  const client = connect('.', { ...network.options, token: desk.user, user: desk.user });
  const here = client.presence<State>('office:board');
  const notes = client.records<Note>('records:board');

  desk.showStatus(client.status);
  client.onStatus((status) => desk.showStatus(status));
  desk.onRetry(() => client.connect());
  desk.onPlug((plugged) => {
    network.set({ offline: !plugged });
    if (plugged) client.connect();
  });

  // Who is here, what they do, and what they call out.
  here.enter({});
  here.subscribe((users) => desk.showPeople(users, here.others));
  here.onSignal('said', ({ client: by, data }) => desk.showSaid(by, data));
  desk.onStay((inside) => (inside ? here.enter({}) : here.leave()));
  desk.onDo((state) => here.me && here.update(state));
  desk.onSay((words) => here.me && here.signal('said', words));

  // What is on the board: each change at once, and undone by who made it.
  notes.subscribe(() => desk.showNotes(notes.entries()));
  desk.onPut((note) => notes.insert(note));
  desk.onDrag((key, place) => notes.patch(key, place));
  desk.onUndo(() => notes.undo());
  return here;
}
