import type { CounterHandle, RecordsHandle, Row, SetHandle, TextHandle } from '@tutti/client';
import { memo, StrictMode, version } from 'react';
import { hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { describe, expect, test, vi } from 'vitest';
import {
  TuttiProvider,
  useCounter,
  usePending,
  useRecord,
  useRecords,
  useSet,
  useText,
} from '../src/index.ts';
import { Boundary, doing, Stage } from './stage.tsx';

interface Todo {
  text: string;
  done?: boolean;
}

const topic = 'records:todos';
const set = (key: string, value: object) => ({ op: 'set', key, value });
const patch = (key: string, fields: object) => ({ op: 'patch', key, set: fields });

let list: RecordsHandle<Todo>;
const renders = vi.fn<(what: string) => void>();

function Todos() {
  const [todos, records, status] = useRecords<Todo>(topic);
  list = records;
  renders('list');
  return `${status}: ${todos.map(([key, { text, done }]) => `${key} ${text}${done ? '!' : ''}`).join(', ')}`;
}

const Line = memo(function Line({ id }: { id: string }) {
  const [todo] = useRecord<Todo>(topic, id);
  const pending = usePending(topic, id);
  renders(id);
  return <li>{`${todo?.text ?? 'gone'}${pending.map(({ status }) => ` ${status}`).join('')}`}</li>;
});

const keys = (rows: readonly Row<Todo>[]) => rows.map(([key]) => key);

function Lines() {
  const [ids, records] = useRecords(topic, { select: keys });
  list = records as RecordsHandle<Todo>;
  renders('keys');
  return ids.map((id) => <Line key={id} id={id} />);
}

const isOpen = (rows: readonly Row<Todo>[]) => rows.filter(([, { done }]) => !done).map(([key]) => key);
const seen = new Set<unknown>();

function Open() {
  const [open] = useRecords(topic, { select: (rows: readonly Row<Todo>[]) => isOpen(rows) });
  seen.add(open);
  return `open: ${open}`;
}

function One({ of }: { of: string }) {
  return useRecords<Todo>(of)[0].map(([, { text }]) => text);
}

/** Takes records that have a text, and puts that in brackets. */
const schema = {
  '~standard': {
    version: 1 as const,
    vendor: 'test',
    validate: (value: unknown) => {
      const { text } = value as Todo;
      return typeof text === 'string'
        ? { value: { text: `(${text})` } }
        : { issues: [{ message: 'no text' }] };
    },
  },
};

function Checked() {
  return useRecords<Todo>(topic, { schema })[0].map(([, { text }]) => text);
}

function Bad() {
  return useRecords('')[0].length;
}

describe('records', () => {
  test('show what there is, and a change at once', async () => {
    const stage = new Stage();
    stage.server.append(topic, set('a', { text: 'oboes' }));
    await stage.show(<Todos />);
    expect(stage.page.text).toBe('opening: ');
    await stage.pass();
    expect(stage.page.text).toBe('open: a oboes');
    await doing(() => list.patch('a', { done: true }));
    expect(stage.page.text).toBe('open: a oboes!');
    await stage.pass();
    expect(stage.page.text).toBe('open: a oboes!');
    stage.server.append(topic, patch('a', { text: 'horns' }));
    await stage.pass();
    expect(stage.page.text).toBe('open: a horns!');
  });

  test('render nothing but what has changed', async () => {
    const stage = new Stage();
    for (const key of ['a', 'b', 'c']) stage.server.append(topic, set(key, { text: key }));
    await stage.show(<Lines />);
    await stage.pass();
    expect(stage.page.text).toBe('abc');
    renders.mockClear();
    stage.server.append(topic, patch('b', { text: 'B' }));
    await stage.pass();
    expect(stage.page.text).toBe('aBc');
    expect(renders.mock.calls).toEqual([['b']]);
    stage.server.append(topic, { op: 'delete', key: 'a' });
    await stage.pass();
    expect(stage.page.text).toBe('Bc');
    expect(renders.mock.calls.slice(1).filter(([what]) => what !== 'a')).toEqual([['keys']]);
  });

  test('tell what of a record is pending, and that a rejected change is none', async () => {
    const stage = new Stage();
    stage.server.append(topic, set('a', { text: 'oboes' }));
    stage.server.append(topic, set('b', { text: 'horns' }));
    stage.server.rejects = (data) => JSON.stringify(data).includes('bagpipes');
    await stage.show(<Lines />);
    await stage.pass();
    renders.mockClear();
    await doing(() => {
      list.patch('a', { done: true });
      list.patch('a', { text: 'bagpipes' });
      list.patch('a', { done: false });
    });
    expect(stage.page.text).toBe('bagpipes sent sent senthorns');
    await stage.pass();
    expect(stage.page.text).toBe('oboeshorns');
    expect(list.get('a')).toEqual({ text: 'oboes', done: false });
    expect(renders.mock.calls.filter(([what]) => what !== 'a')).toEqual([]);
  });

  test('a selection is the same object as long as its members are', async () => {
    const stage = new Stage();
    for (const key of ['a', 'b']) stage.server.append(topic, set(key, { text: key }));
    await stage.show(<Open />);
    await stage.pass();
    expect(stage.page.text).toBe('open: a,b');
    const before = seen.size;
    stage.server.append(topic, patch('a', { text: 'x' }));
    await stage.show(<Open />);
    await stage.pass();
    expect(seen.size).toBe(before);
    stage.server.append(topic, patch('a', { done: true }));
    await stage.pass();
    expect([stage.page.text, seen.size]).toEqual(['open: b', before + 1]);
  });

  test('another topic is another list', async () => {
    const stage = new Stage();
    stage.server.append('records:x', set('a', { text: 'x' }));
    stage.server.append('records:y', set('a', { text: 'y' }));
    await stage.show(<One of="records:x" />);
    await stage.pass();
    expect(stage.page.text).toBe('x');
    await stage.show(<One of="records:y" />);
    await stage.pass();
    expect(stage.page.text).toBe('y');
    expect(stage.heard('unsubscribe')).toEqual(['records:x']);
  });

  test('have the schema and the order that a component gives', async () => {
    const stage = new Stage();
    stage.server.append(topic, set('a', { text: 'oboes' }));
    stage.server.append(topic, set('b', {}));
    await stage.show([<Checked key="1" />, <Todos key="2" />]);
    await stage.pass();
    expect(stage.page.text).toBe('(oboes)open: a oboes, b undefined');
    expect(stage.errors).toMatchObject([{ code: 'bad_operation' }]);
    expect(
      stage.heard('subscribe').length + stage.server.heard.filter((m) => m.type === 'hello').length,
    ).toBe(1);
  });
});

describe('one client, one document', () => {
  test.each([false, true])('whatever is mounted, StrictMode: %s', async (strict) => {
    const stage = new Stage();
    stage.server.append(topic, set('a', { text: 'oboes' }));
    await stage.show([<Todos key="1" />, <Todos key="2" />, <Lines key="3" />], { strict });
    await stage.pass();
    expect(stage.page.text).toBe('open: a oboesopen: a oboesoboes');
    expect(stage.clients.length).toBe(1);
    expect(stage.heard('hello').length).toBe(1);
    expect(stage.heard('subscribe').length).toBeLessThanOrEqual(1);
    expect(stage.heard('unsubscribe')).toEqual([]);
    await stage.show([<Todos key="1" />], { strict });
    await stage.pass();
    expect(stage.heard('unsubscribe')).toEqual([]);
    await stage.show('nothing', { strict });
    await stage.pass();
    expect(stage.heard('unsubscribe')).toEqual([topic]);
    expect(stage.clients[0]?.status.state).toBe('live');
    await stage.page.unmount();
    await stage.pass();
    expect(stage.clients.map(({ status }) => status.state)).toEqual(['closed']);
  });

  test('what a component that goes has changed still arrives', async () => {
    const stage = new Stage();
    await stage.show(<Todos />);
    await stage.pass();
    await doing(() => list.set('a', { text: 'oboes' }));
    await stage.show('nothing');
    await doing(() => list.set('b', { text: 'horns' }));
    await stage.pass();
    expect(stage.server.log(topic).entries.length).toBe(2);
    expect(stage.heard('unsubscribe').length).toBeGreaterThan(0);
  });

  test('a client that the application has made stays open', async () => {
    const stage = new Stage();
    const client = stage.connect();
    await stage.page.show(
      <TuttiProvider client={client}>
        <Todos />
      </TuttiProvider>,
    );
    await stage.pass();
    expect(stage.page.text).toBe('open: ');
    await stage.page.unmount();
    await stage.pass();
    expect(client.status.state).toBe('live');
    client.close();
  });

  test('nothing is connected on a server, and the page takes over what it made', async () => {
    const stage = new Stage();
    stage.server.append(topic, set('a', { text: 'oboes' }));
    const app = (
      <StrictMode>
        <TuttiProvider connect={stage.connect}>
          <Todos />
          <Tally />
        </TuttiProvider>
      </StrictMode>
    );
    const html = renderToString(app);
    expect(html.replaceAll('<!-- -->', '')).toBe('opening: 0 - -');
    expect(stage.clients).toEqual([]);
    stage.page.element.innerHTML = html;
    const complaints = vi.spyOn(console, 'error');
    const root = await doing(() => hydrateRoot(stage.page.element, app));
    await stage.pass();
    expect(complaints).not.toHaveBeenCalled();
    complaints.mockRestore();
    expect(stage.page.text).toBe('open: a oboes0 - -');
    expect(stage.clients.length).toBe(1);
    await doing(() => root.unmount());
  });

  // React 18 tells errors by events of the DOM, and happy-dom throws what is told so.
  test.skipIf(version.startsWith('18'))('a name that is none is an error of the component', async () => {
    const stage = new Stage();
    const quiet = vi.spyOn(console, 'error').mockImplementation(() => {});
    await stage.show(
      <Boundary>
        <Bad />
      </Boundary>,
    );
    expect(stage.page.text).toMatch(/^A topic name is 1 to 255 bytes/);
    await stage.page.show(
      <Boundary>
        <Bad />
      </Boundary>,
    );
    expect(stage.page.text).toBe('There is no <TuttiProvider> around this component.');
    quiet.mockRestore();
  });
});

let likes: CounterHandle;
let tags: SetHandle<string>;
let note: TextHandle;

function Tally() {
  const [n, counter] = useCounter('counter:likes');
  const [all, elements] = useSet<string>('set:tags');
  const [words, text] = useText('text:note');
  [likes, tags, note] = [counter, elements, text];
  return `${n} ${all.join('+') || '-'} ${words || '-'}`;
}

test('a counter, a set and a text', async () => {
  const stage = new Stage();
  await stage.show(<Tally />);
  expect(stage.page.text).toBe('0 - -');
  await stage.pass();
  await doing(() => {
    likes.add(2);
    tags.add('b', 'a');
    note.insert(0, 'hello');
  });
  expect(stage.page.text).toBe('2 a+b hello');
  stage.server.append('counter:likes', { op: 'add', n: 3 });
  stage.server.append('set:tags', { op: 'add', values: ['c'] });
  await stage.pass();
  stage.server.append('text:note', [[0, 1, 'J']]);
  await stage.pass();
  expect(stage.page.text).toBe('5 a+b+c Jello');
});
