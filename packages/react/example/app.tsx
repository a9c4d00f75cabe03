import { connect } from '@tutti/client';
import { ConnectionBanner, TuttiProvider, useRecords } from '@tutti/react';
import type { FormEvent } from 'react';

interface Todo {
  text: string;
  done: boolean;
}

export default function App() {
  return (
    <TuttiProvider connect={() => connect('http://127.0.0.1:8080')}>
      <ConnectionBanner />
      <Todos />
    </TuttiProvider>
  );
}

function Todos() {
  const [todos, list] = useRecords<Todo>('records:todos');

  function add(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const input = event.currentTarget.elements.namedItem('text') as HTMLInputElement;
    if (input.value) list.insert({ text: input.value, done: false });
    input.value = '';
  }

  return (
    <form onSubmit={add}>
      <input name="text" placeholder="What is to be done" />
      <ul>
        {todos.map(([key, { text, done }]) => (
          <li key={key}>
            <label>
              <input type="checkbox" checked={done} onChange={() => list.patch(key, { done: !done })} />
              {text}
            </label>
            <button type="button" onClick={() => list.delete(key)}>
              Delete
            </button>
          </li>
        ))}
      </ul>
    </form>
  );
}
