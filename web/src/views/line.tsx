import type { Mutation } from '@tutti/client';
import { type KeyboardEvent, type ReactNode, useRef } from 'react';
import { type Note, readTodo, type Todo } from '../notes.ts';
import { describeState } from './todo-row.ts';

interface LineProps {
  id: string;
  todo: Todo;
  pending: readonly Mutation[];
  notes: readonly Note[];
  edit: (fields: Partial<Todo>) => void;
  remove: () => void;
  dismiss: () => void;
}

/** A line of the list. */
export function LineView({ id, todo: record, pending, notes, edit, remove, dismiss }: LineProps) {
  const renders = useRef(0);
  renders.current++;
  const { text, done } = readTodo(record);
  const { state, said } = describeState({ key: id, todo: { text, done }, pending, notes });

  function commit(input: HTMLInputElement) {
    const wanted = input.value.trim();
    if (wanted && wanted !== text) edit({ text: wanted });
    else input.value = text;
  }

  function press({ key, currentTarget }: KeyboardEvent<HTMLInputElement>) {
    if (key === 'Escape') currentTarget.value = text;
    if (key === 'Enter' || key === 'Escape') currentTarget.blur();
  }

  return (
    <li data-key={id} data-state={state} className={done ? 'ticked' : undefined}>
      <input
        type="checkbox"
        className="done"
        aria-label={`Done: ${text}`}
        checked={done}
        onChange={() => edit({ done: !done })}
      />
      <div className="body">
        <input
          key={text}
          type="text"
          className="text"
          aria-label="Text"
          maxLength={200}
          defaultValue={text}
          onBlur={(event) => commit(event.currentTarget)}
          onKeyDown={press}
        />
        <span className="state">{said}</span>
        <NoteList notes={notes}>
          <button type="button" className="dismiss" onClick={dismiss}>
            Dismiss
          </button>
        </NoteList>
      </div>
      <div className="tools">
        <span className="renders" title="How often this line was rendered">
          {renders.current}
        </span>
        <button type="button" className="plain" aria-label={`Delete: ${text}`} onClick={remove}>
          ×
        </button>
      </div>
    </li>
  );
}

interface GoneProps {
  id: string;
  todo: Todo;
  notes: readonly Note[];
  dismiss: (key: string) => void;
}

/** A line that is not in the list: adding it was rejected. */
export function GoneView({ id, todo: { text }, notes, dismiss }: GoneProps) {
  return (
    <li data-key={id} data-state="rejected">
      <input type="checkbox" className="done" aria-label={`Done: ${text}`} disabled />
      <div className="body">
        <input type="text" className="text" aria-label="Text" value={text} readOnly />
        <span className="state">rejected</span>
        <NoteList notes={notes} />
      </div>
      <div className="tools">
        <button type="button" className="plain" aria-label={`Dismiss: ${text}`} onClick={() => dismiss(id)}>
          ×
        </button>
      </div>
    </li>
  );
}

function NoteList({ notes, children }: { notes: readonly Note[]; children?: ReactNode }) {
  return (
    <ul className="notes">
      {notes.map(({ kind, text }, i) => (
        <li key={text} className={kind}>
          {text} {i === notes.length - 1 && children}
        </li>
      ))}
    </ul>
  );
}
