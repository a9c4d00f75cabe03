import { connect } from '@tutti/client';
import { mountBanner } from '@tutti/client/banner';
import { simulate } from '@tutti/client/testing';
import { text } from '@tutti/client/text';
import { bindTextarea } from '@tutti/textarea';
import type { Note, NotesView, Tag } from '../views/notes.ts';

/** As many notes are kept on a device: a client keeps 100 documents. */
const most = 90;

export function notes(view: NotesView, user: string): void {
  const network = simulate();
  const reject = ({ data }: { data: unknown }) =>
    JSON.stringify(data).includes('bagpipes') && 'We have no bagpipes.';
  view.onNetwork(({ offline, rejecting }) => {
    network.set({ offline, reject: rejecting ? reject : undefined });
  });

  const client = connect('.', { ...network.options, types: [text], user });
  const list = client.records<Note>('records:notes', { offline: true });
  const tags = client.set<Tag>('set:note-tags', { offline: true });
  const textOf = (key: string) => client.text(`text:note-${key}`, { offline: true });

  // What is kept is open: each note is, so that each can be read without a network.
  const texts = new Map<string, ReturnType<typeof textOf>>();
  const show = () => {
    for (const [key] of list.entries().slice(-most)) {
      if (texts.has(key)) continue;
      const note = textOf(key);
      texts.set(key, note);
      note.subscribe(show);
    }
    for (const [key, note] of texts) {
      if (list.has(key)) continue;
      texts.delete(key);
      note.close();
    }
    view.show(list.entries(), (key) => texts.get(key)?.slice(0, 80) ?? '', tags.values());
  };
  list.subscribe(show);
  tags.subscribe(show);

  // A new note is not on the server: it may be written in before it was there.
  const writable = (status: string) => status === 'open' || status === 'opening';
  const onRejected = (error: unknown) => view.fault(error);
  view.onOpen((key, area) => {
    const note = textOf(key);
    const unbind = bindTextarea(area, note, { writable, onRejected });
    return () => {
      unbind();
      note.close();
    };
  });
  for (const document of [list, tags])
    document.onMutation(({ status, error }) => status === 'rejected' && view.fault(error));

  view.onAdd((title) => list.insert({ title }).key);
  view.onTitle((key, title) => list.patch(key, { title }));
  view.onDelete((key) => list.delete(key));
  view.onTag((tag, on) => (on ? tags.add(tag) : tags.remove(tag)));

  const { outbox } = client;
  outbox.onChange(() => view.showOutbox(outbox));
  view.onRetry((id, data) => outbox.retry(id, data));
  view.onDiscard((id) => outbox.discard(id));
  view.onUser(user, () => client.forget());

  mountBanner(client, view.banner);
  view.showStatus(client.status);
  client.onStatus((status) => view.showStatus(status));
  view.onConnect(() => client.connect());
}
