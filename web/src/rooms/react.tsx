import type { RecordsHandle, Row } from '@tutti/client';
import { useMutation, usePending, useRecord, useRecords } from '@tutti/react';
import { type FormEvent, memo, useRef } from 'react';
import type { Todo } from '../notes.ts';
import { GoneView, LineView } from '../views/line.tsx';
import { useNotes } from '../views/use-notes.ts';

const topic = 'records:todos';
const keys = (rows: readonly Row<Todo>[]) => rows.map(([key]) => key);

export function Todos() {
  // Renders when lines come, go or move; what is in them renders by itself.
  const [lines, list] = useRecords(topic, { select: keys });
  const [notes, dismiss] = useNotes(list);

  return (
    <>
      <Add list={list} />
      <ol className="todos" aria-label="To do">
        {lines.map((key) => (
          <Line key={key} id={key} list={list} notes={notes.get(key)} dismiss={dismiss} />
        ))}
        {[...notes.entries()]
          .filter(([key]) => !lines.includes(key))
          .map(([key, { todo, notes }]) => (
            <GoneView key={key} id={key} todo={todo} notes={notes} dismiss={dismiss} />
          ))}
      </ol>
      {lines.length === 0 && <p className="empty">Nothing to do.</p>}
    </>
  );
}

function Add({ list }: { list: RecordsHandle<Todo> }) {
  const input = useRef<HTMLInputElement>(null);
  const [add, { pending }] = useMutation((text: string) => {
    const [last = null] = list.entries().at(-1) ?? [];
    return list.insertAfter(last, { text, done: false });
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    if (input.current?.value) add(input.current.value);
    if (input.current) input.current.value = '';
  }

  // Whatever says bagpipes is rejected.
  const three = () => ['Tune the oboes', 'Learn the bagpipes', 'Book the hall'].map((text) => add(text));

  return (
    <form className="add" onSubmit={submit}>
      <label htmlFor="text">What is to be done</label>
      <div className="row">
        <input
          ref={input}
          id="text"
          maxLength={200}
          autoComplete="off"
          placeholder="Tune the oboes"
          required
        />
        <button type="submit">Add</button>
      </div>
      <div className="row wrap">
        <button type="button" className="plain" onClick={three}>
          Three at once
        </button>
        <button type="button" className="plain" onClick={() => list.undo()}>
          Undo
        </button>
        <p className="summary" role="status">
          {pending > 0 && `${pending} of those added here pending`}
        </p>
      </div>
    </form>
  );
}

interface LineProps {
  id: string;
  list: RecordsHandle<Todo>;
  notes: ReturnType<ReturnType<typeof useNotes>[0]['get']>;
  dismiss: (key: string) => void;
}

const Line = memo(function Line({ id, list, notes, dismiss }: LineProps) {
  const [todo] = useRecord<Todo>(topic, id);
  const pending = usePending(topic, id);
  if (!todo) return null;

  return (
    <LineView
      id={id}
      todo={todo}
      pending={pending}
      notes={notes}
      edit={(fields) => list.patch(id, fields)}
      remove={() => list.delete(id)}
      dismiss={() => dismiss(id)}
    />
  );
});
