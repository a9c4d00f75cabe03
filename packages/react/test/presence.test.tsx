import type { Presence } from '@tutti/client';
import { renderToString } from 'react-dom/server';
import { describe, expect, test, vi } from 'vitest';
import {
  Avatars,
  type CursorState,
  Cursors,
  TuttiProvider,
  useMyPresence,
  useOthers,
  usePresence,
  useSignal,
  useUsers,
} from '../src/index.ts';
import { doing, Stage } from './stage.tsx';

const topic = 'chat:lobby';

interface Typing {
  typing: boolean;
  mood?: string;
}

let here: Presence<Typing>;

function Here({ typing = false, enter = true }) {
  const [users, presence, error] = usePresence<Typing>(topic, { state: { typing }, enter });
  here = presence;
  return `${users.length} ${users.map(({ state }) => state?.typing ?? '').join()}${error?.code ?? ''}`;
}

describe('a member', () => {
  test.each([false, true])('enters once and leaves once, StrictMode: %s', async (strict) => {
    const stage = new Stage();
    const { server } = stage;
    await stage.show(<Here />, { strict });
    await stage.pass();
    expect(stage.page.text).toBe('1 false');
    await stage.show(<Here typing />, { strict });
    await stage.pass();
    expect(stage.page.text).toBe('1 true');
    await doing(() => here.update({ mood: 'calm' } as Partial<Typing>));
    await stage.show(<Here typing={false} />, { strict });
    await stage.pass();
    expect([...server.room(topic).members.values()].map(({ state }) => state)).toEqual([
      { typing: false, mood: 'calm' },
    ]);
    const said = server.heard.flatMap((m) =>
      m.type === 'hello' ? (m.enter ?? []) : m.type === 'enter' ? [m] : [],
    );
    expect(said).toEqual([{ topic, state: { typing: false } }]);
    await stage.show('gone', { strict });
    await stage.pass();
    expect(stage.heard('leave')).toEqual([topic]);
    expect(stage.heard('unwatch')).toEqual([topic]);
    expect(server.room(topic).users).toEqual([]);
    await stage.show(<Here />, { strict });
    await stage.pass();
    expect(stage.page.text).toBe('1 false');
    expect(stage.errors).toEqual([]);
  });

  test.each([false, true])('has the states of all its components, StrictMode: %s', async (strict) => {
    const stage = new Stage();
    await stage.show(
      <Cursors topic={topic}>
        <Here typing />
        <Mine />
      </Cursors>,
      { strict },
    );
    await stage.pass();
    expect(here.me?.state).toEqual({ typing: true, n: 0 });
    expect([...stage.server.room(topic).members.values()]).toMatchObject([{ state: { typing: true, n: 0 } }]);
    expect(stage.heard('enter')).toEqual([]);
    expect(stage.heard('leave')).toEqual([]);
  });

  test('watches alone, and is told why it may not', async () => {
    const stage = new Stage();
    await stage.show(<Here enter={false} />);
    await stage.pass();
    expect(stage.page.text).toBe('0 ');
    stage.server.forbidden.add(topic);
    await stage.show(<Here />);
    await stage.pass();
    expect(stage.page.text).toBe('0 forbidden');
    expect(stage.errors).toEqual([]);
  });

  test('PRES-1 that may not enter is shown the others, whatever its state comes to be', async () => {
    const stage = new Stage();
    stage.server.closed.add(topic);
    const page = (typing: boolean) => (
      <Cursors topic={topic}>
        <Here typing={typing} />
        <Mine />
      </Cursors>
    );
    await stage.show(page(false));
    await stage.pass();
    expect(stage.page.text).toBe('0 forbidden');
    await stage.show(page(true));
    await doing(() => update({ n: 1 }));
    const area = stage.page.element.firstElementChild as HTMLElement;
    area.getBoundingClientRect = () => new DOMRect(0, 0, 100, 100);
    await doing(() => area.dispatchEvent(new PointerEvent('pointermove', { bubbles: true })));
    await doing(() => area.dispatchEvent(new PointerEvent('pointerout', { bubbles: true })));
    stage.server.closed.clear();
    await doing(() => void stage.connect('bob').presence(topic).enter({ typing: true }));
    await stage.pass();
    expect(stage.page.text).toBe('1 trueforbidden');
    expect(stage.heard('update')).toEqual([]);
    expect(stage.errors).toEqual([]);
  });

  test('PRES-1 that may enter after all is told no error', async () => {
    const stage = new Stage();
    stage.server.closed.add(topic);
    await stage.show(<Here />);
    await stage.pass();
    expect(stage.page.text).toBe('0 forbidden');
    stage.server.closed.clear();
    await doing(() => void here.enter({ typing: true }));
    await stage.pass();
    expect(stage.page.text).toBe('1 true');
    stage.server.closed.add(topic);
    stage.server.cutAll();
    await stage.pass(10_000);
    expect(stage.page.text).toBe('0 forbidden');
    stage.server.closed.clear();
    await stage.show(<Here enter={false} />);
    await stage.show(<Here />);
    await stage.pass();
    expect(stage.page.text).toBe('1 false');
    expect(stage.errors).toEqual([]);
  });

  test.each([false, true])('PRES-1 asks again with each component, StrictMode: %s', async (strict) => {
    const stage = new Stage();
    stage.server.forbidden.add(topic);
    const page = (faces: boolean) => (
      <>
        <Here enter={false} />
        {faces && <Avatars topic={topic}>{() => '*'}</Avatars>}
      </>
    );
    await stage.show(page(false), { strict });
    await stage.pass();
    expect(stage.page.text).toBe('0 forbidden');
    await stage.show(page(true), { strict });
    await stage.pass();
    expect(stage.page.text).toBe('0 forbidden');
    await stage.show(page(false), { strict });
    stage.server.forbidden.clear();
    await doing(() => void stage.connect('bob').presence(topic).enter({ typing: true }));
    await stage.pass();
    expect(stage.page.text).toBe('0 forbidden');
    await stage.show(page(true), { strict });
    await stage.pass();
    expect(stage.page.text).toBe('1 true*');
    expect(stage.heard('unwatch')).toEqual([]);
    expect(stage.errors).toEqual([]);
  });

  test('is nobody on a server', () => {
    const page = (
      <TuttiProvider connect={() => expect.unreachable()}>
        <Here />
        <Avatars topic={topic} className="faces" />
        <Cursors topic={topic}>inside</Cursors>
        <Mine />
      </TuttiProvider>
    );
    expect(renderToString(page).replaceAll('<!-- -->', '')).toBe(
      '0 <ul class="tutti-avatars faces"></ul><div style="position:relative">inside</div>0',
    );
  });
});

let update: (patch: Partial<{ n: number }>) => void;

function Mine() {
  const [state, change] = useMyPresence(topic, { n: 0 });
  update = change;
  return state?.n;
}

test('the own state is shown at once', async () => {
  const stage = new Stage();
  await stage.show(<Mine />);
  expect(stage.page.text).toBe('0');
  await doing(() => update({ n: 7 }));
  expect(stage.page.text).toBe('7');
  await stage.pass();
  expect([...stage.server.room(topic).members.values()]).toMatchObject([{ state: { n: 7 } }]);
});

const render = vi.fn();

function Count() {
  render();
  return useOthers(topic, (others) => others.length) + 100 * useUsers(topic, (users) => users.length);
}

test('a component renders when what it selects is another', async () => {
  const stage = new Stage();
  await stage.show(
    <>
      <Count /> <Mine />
    </>,
  );
  await stage.pass();
  const other = stage.connect();
  await doing(() => void other.presence(topic).enter(1));
  await stage.pass();
  expect(stage.page.text).toBe('201 0');
  render.mockClear();
  await doing(() => other.presence(topic).update(2));
  await doing(() => update({ n: 3 }));
  await stage.pass();
  expect(stage.page.text).toBe('201 3');
  expect(render).not.toHaveBeenCalled();
  other.close();
  await stage.pass();
  expect(stage.page.text).toBe('100 3');
});

let wave: (data?: unknown) => void;

function Waves({ onWave }: { onWave: (data: unknown) => void }) {
  useMyPresence(topic);
  wave = useSignal(topic, 'wave', ({ data, own }) => onWave([data, own]));
  return null;
}

test.each([false, true])('signals reach the latest handler, StrictMode: %s', async (strict) => {
  const stage = new Stage();
  const [former, latest] = [vi.fn(), vi.fn()];
  await stage.show(<Waves onWave={former} />, { strict });
  await stage.pass();
  await stage.show(<Waves onWave={latest} />, { strict });
  await doing(() => wave('hello'));
  await stage.pass();
  expect(latest.mock.calls).toEqual([[['hello', true]]]);
  expect(former).not.toHaveBeenCalled();
  expect(stage.heard('unwatch')).toEqual([]);
});

describe('people', () => {
  test('avatars of users, and how many more there are', async () => {
    const stage = new Stage();
    const names: Record<string, string> = { a: 'Ann Oboe', b: 'bob' };
    stage.server.userOf = (token) => ({ user: token, ...(names[token] && { name: names[token] }) });
    await stage.show(
      <>
        <Avatars topic={topic} max={2} id="few" />
        <Avatars topic={topic}>{({ id }) => `<${id}>`}</Avatars>
      </>,
    );
    await stage.pass();
    for (const token of ['a', 'b', 'c', 'a']) {
      const client = stage.connect(token);
      await doing(() => void client.presence(topic).enter());
      await stage.pass();
    }
    const [few, all] = stage.page.element.querySelectorAll('ul');
    expect(few?.id).toBe('few');
    expect(few?.className).toBe('tutti-avatars');
    expect([...(few?.children ?? [])].map(({ textContent }) => textContent)).toEqual(['AO', 'B', '+1']);
    expect(few?.querySelector('[data-user=a]')?.getAttribute('title')).toBe('Ann Oboe');
    expect(all?.textContent).toBe('<a><b><c>');
  });

  test.each([false, true])('cursors of others, StrictMode: %s', async (strict) => {
    const stage = new Stage();
    const moved = vi.fn();
    await stage.show(
      <Cursors topic={topic} onPointerMove={moved} style={{ height: 100 }}>
        a text
      </Cursors>,
      { strict },
    );
    await stage.pass();
    const area = stage.page.element.firstElementChild as HTMLElement;
    area.getBoundingClientRect = () => new DOMRect(10, 20, 200, 100);
    const at = { clientX: 60, clientY: 70, bubbles: true };
    await doing(() => area.dispatchEvent(new PointerEvent('pointermove', at)));
    await stage.pass();
    const other = stage.connect('bob').presence<CursorState>(topic);
    await doing(() => void other.enter({ cursor: { x: 0.5, y: 1 } }));
    await stage.pass();
    expect(moved).toHaveBeenCalledTimes(1);
    expect(area.style.position).toBe('relative');
    expect(other.others.length).toBe(0);
    other.subscribe(() => {});
    await stage.pass();
    expect(other.others).toMatchObject([{ state: { cursor: { x: 0.25, y: 0.5 } } }]);
    const [mark, ...rest] = area.querySelectorAll<HTMLElement>('.tutti-cursor');
    expect(rest).toEqual([]);
    expect([mark?.style.left, mark?.style.top, mark?.style.position]).toEqual(['50%', '100%', 'absolute']);
    await doing(() => area.dispatchEvent(new PointerEvent('pointerout', { bubbles: true })));
    await doing(() => other.update({ cursor: null }));
    await stage.pass();
    expect(area.textContent).toBe('a text');
    expect(other.others).toMatchObject([{ state: { cursor: null } }]);
  });
});
