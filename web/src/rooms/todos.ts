import { connect } from '@tutti/client';
import { simulate } from '@tutti/client/testing';
import type { Todo, TodosView } from '../views/todos.ts';

export function todos(view: TodosView): void {
  // Between here and the server, to be spoiled at will.
  const network = simulate();
  const client = connect('.', network.options);
  const list = client.records<Todo>('records:todos');

  view.showStatus(client.status);
  client.onStatus((status) => view.showStatus(status));
  view.onRetry(() => client.connect());
  view.onNetwork(({ latency, offline, reject }) => {
    const refuse = () => 'The server is in no mood for changes.';
    network.set({ latency, offline, reject: reject ? refuse : undefined });
    if (!offline) client.connect();
  });

  const show = () => view.show(list);
  list.subscribe(show);
  list.onMutation((mutation) => {
    if (mutation.status === 'pending') view.clearNotes(mutation);
    if (mutation.status === 'rejected') view.noteRejection(list, mutation);
    show();
  });
  list.onOverridden((overridden) => {
    view.noteOverridden(overridden, client.id, list);
    show();
  });

  // Each shows at once; the server judges it later.
  view.onAdd((todo) => {
    const [last = null] = list.entries().at(-1) ?? [];
    list.insertAfter(last, todo);
  });
  view.onEdit((key, fields, guard) => list.patch(key, fields, guard));
  view.onDelete((key, guard) => list.delete(key, guard));
  view.onMove((key, after, guard) => list.move(key, after, guard));
  view.onUndo(() => list.undo());
  view.onRedo(() => list.redo());
}
