import { connect } from '@tutti/client';
import { text } from '@tutti/client/text';

export function collaborator(topic: string, client = connect({ types: [text] })) {
  const shared = client.text(topic);
  return {
    insert: (at: number, s: string) => shared.insert(at, s),
    delete: (at: number, n: number) => shared.delete(at, n),
    undo: () => shared.undo(),
    text: () => shared.value,
    follow: (listener: () => void) => shared.onChange(listener),
    close: () => shared.close(),
  };
}
