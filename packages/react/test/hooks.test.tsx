import type { RecordsHandle, Syncing, SyncStatus, Topic } from '@tutti/client';
import { useState } from 'react';
import { describe, expect, test, vi } from 'vitest';
import { term } from '../../client/test/model.ts';
import {
  ConnectionBanner,
  useClient,
  useMutation,
  useRecords,
  useStatus,
  useSyncStatus,
  useTopic,
} from '../src/index.ts';
import { doing, Page, Stage } from './stage.tsx';

interface Line {
  text: string;
}

let room: Topic<Line>;

function Room({ name = 'chat:lobby', keep = 3, last = 2 }) {
  const [lines, topic, error] = useTopic<Line>(name, { from: { last }, keep });
  room = topic;
  return `${lines.map(({ offset, data }) => `${offset} ${data.text}`).join(', ')}${error?.code ?? ''}`;
}

const topic = 'chat:lobby';
const render = vi.fn();

function Count() {
  render();
  return useTopic(topic, { from: 'earliest', keep: 500 })[0].length;
}

describe('a topic', () => {
  test.each([false, true])('shows the newest entries, StrictMode: %s', async (strict) => {
    const stage = new Stage();
    for (const text of ['a', 'b', 'c']) stage.server.append('chat:lobby', { text });
    await stage.show(<Room />, { strict });
    await stage.pass();
    expect(stage.page.text).toBe('2 b, 3 c');
    await doing(() => void room.publish({ text: 'd' }));
    await doing(() => void room.publish({ text: 'e' }));
    await stage.pass();
    expect(stage.page.text).toBe('3 c, 4 d, 5 e');
    expect(stage.heard('subscribe').length).toBeLessThanOrEqual(1);
    await stage.show('nothing', { strict });
    await stage.pass();
    expect(stage.heard('unsubscribe')).toEqual(['chat:lobby']);
  });

  test('is another when it has another name', async () => {
    const stage = new Stage();
    stage.server.append('chat:x', { text: 'x' });
    stage.server.append('chat:y', { text: 'y' });
    await stage.show(<Room name="chat:x" />);
    await stage.pass();
    await stage.show(<Room name="chat:y" />);
    expect(stage.page.text).toBe('');
    await stage.pass();
    expect(stage.page.text).toBe('1 y');
  });

  test('renders once for what comes together', async () => {
    const stage = new Stage();
    await stage.show(<Count />);
    await stage.pass();
    render.mockClear();
    const entries = Array.from({ length: 200 }, (_, i) => ({
      type: 'entry',
      topic,
      offset: i + 1,
      term,
      data: i,
    }));
    for (const link of stage.server.links) link.sayText(JSON.stringify(entries));
    await stage.pass();
    expect(stage.page.text).toBe('200');
    expect(render).toHaveBeenCalledTimes(1);
  });
});

let add: (text: string) => unknown;
let undo: () => unknown;
let list: RecordsHandle<Line>;

function Adding() {
  const [, todos] = useRecords<Line>('records:todos');
  const [run, { pending, isPending, error }] = useMutation((text: string) => todos.insert({ text }));
  const [back] = useMutation(() => todos.undo());
  [list, add, undo] = [todos, run, back];
  return `${pending} ${isPending} ${error?.code ?? 'well'}`;
}

describe('useMutation', () => {
  test('tells how many are not settled, and why the latest was rejected', async () => {
    const stage = new Stage();
    stage.server.rejects = (data) => JSON.stringify(data).includes('bagpipes');
    await stage.show(<Adding />);
    expect(stage.page.text).toBe('0 false well');
    await stage.pass();
    await doing(() => ['oboes', 'bagpipes', 'horns'].forEach((text) => void add(text)));
    expect(stage.page.text).toBe('3 true well');
    await stage.pass();
    expect(stage.page.text).toBe('0 false rejected');
    expect(list.size).toBe(2);
    await doing(() => add('harps'));
    expect(stage.page.text).toBe('1 true well');
    await stage.pass();
    await doing(() => undo());
    await doing(() => undo());
    await doing(() => undo());
    expect(await doing(() => undo())).toBeUndefined();
    expect(list.size).toBe(0);
  });

  test('what is taken back is no failure', async () => {
    const stage = new Stage();
    await stage.show(<Adding />);
    const made = (await doing(() => add('oboes'))) as { cancel(): boolean };
    await doing(() => made.cancel());
    expect(stage.page.text).toBe('0 false well');
  });
});

const seen: string[] = [];

function Seen() {
  const [, todos] = useRecords<Line>('records:todos');
  const told = `${useStatus().state} ${useSyncStatus().state}`;
  if (seen.at(-1) !== told) seen.push(told);
  const made = useClient() ? 'made' : 'none';
  return (
    <button type="button" onClick={() => todos.insert({ text: 'x' })}>
      {`${told} ${made}`}
    </button>
  );
}

/** Something that is synchronised, as a network is. */
class Source implements Syncing {
  sync: SyncStatus = { state: 'offline', pending: 2, blocked: 0, lost: false, durable: true };
  readonly listeners = new Set<() => void>();

  onSync(listener: (status: SyncStatus) => void): () => void {
    const own = (): void => listener(this.sync);
    this.listeners.add(own);
    return () => void this.listeners.delete(own);
  }

  tell(change: Partial<SyncStatus>): void {
    this.sync = { ...this.sync, ...change };
    for (const listener of this.listeners) listener();
  }
}

const german = { offline: (n: number) => `${n} warten` };

function Rows({ source }: { source: Source }) {
  const [other, setOther] = useState(false);
  return (
    <>
      <ConnectionBanner source={source} {...(other && { messages: german })} className="top" />
      <button type="button" onClick={() => setOther(true)}>
        {useSyncStatus(source).pending}
      </button>
    </>
  );
}

describe('status', () => {
  test('of the connection, and of what is not sent', async () => {
    const stage = new Stage();
    await stage.show(<Seen />);
    await stage.pass();
    expect(stage.page.text).toBe('live synced made');
    await doing(() => stage.page.element.querySelector('button')?.click());
    expect(stage.page.text).toBe('live syncing made');
    await stage.pass();
    stage.server.passage.ws = 'refused';
    stage.server.passage.sse = stage.server.passage.poll = 'refused';
    await doing(() => stage.server.cutAll());
    await doing(() => stage.page.element.querySelector('button')?.click());
    expect(stage.page.text).toBe('backoff offline made');
    expect(seen[0]).toBe('idle synced');
    expect(seen).toContain('live syncing');
  });

  test('of a source that is given, with no client', async () => {
    const [page, source] = [new Page(), new Source()];
    vi.useFakeTimers();
    await page.show(<Rows source={source} />);
    const shown = () =>
      ['.top > [role="status"]', 'button'].map((part) => page.element.querySelector(part)?.textContent);
    expect(shown()).toEqual(['', '2']);
    await doing(() => vi.advanceTimersByTime(2000));
    expect(shown()).toEqual(['You are offline. 2 changes will be sent later.', '2']);
    await doing(() => source.tell({ state: 'synced', pending: 0 }));
    expect(shown()).toEqual(['', '0']);
    await doing(() => source.tell({ state: 'offline', pending: 1 }));
    await doing(() => page.element.querySelector('button')?.click());
    await doing(() => vi.advanceTimersByTime(2000));
    expect(shown()).toEqual(['1 warten', '1']);
    await page.show(
      <ConnectionBanner source={source} messages={{ offline: (n) => `${n} attendent` }} className="top" />,
    );
    await page.show(
      <ConnectionBanner source={source} messages={{ offline: (n) => `${n} esperan` }} className="top" />,
    );
    await doing(() => vi.advanceTimersByTime(700));
    await page.show(
      <ConnectionBanner source={source} messages={{ offline: (n) => `${n} esperan` }} className="top" />,
    );
    await doing(() => vi.advanceTimersByTime(700));
    expect(page.text).toBe('1 esperan');
    await page.show(
      <ConnectionBanner source={source} messages={{ offline: (n) => `${n} aguardam` }} className="top" />,
    );
    expect(page.text).toBe('1 aguardam');
    vi.useRealTimers();
    await page.unmount();
    expect(source.listeners.size).toBe(0);
  });
});
