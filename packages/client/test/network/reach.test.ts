import { describe, expect, test, vi } from 'vitest';
import { fate, platform, site, start } from './site.ts';

const url = 'https://site.test/notes';

describe.each(['with a probe', 'without a probe'])('%s', (kind) => {
  const options = () => (kind === 'with a probe' ? { probe: site.reach } : {});

  test('NET-1 a function that fails by the network says offline, one that works again online', async () => {
    start();
    const network = site.tab('tab', options());
    const told: string[] = [];
    network.onStatusChange((status) => told.push(status));
    expect([network.online, network.status]).toEqual([true, 'online']);
    site.up = false;
    await expect(network.execute(site.reach)).rejects.toThrow('Failed to fetch');
    await site.pass();
    expect([network.online, network.status]).toEqual([false, 'offline']);
    const later = network.execute(site.reach).catch(() => 'tried');
    site.up = true;
    await site.pass(20_000);
    expect(await later).toBe('reached');
    expect(told).toEqual(['offline', 'online']);
  });

  test('NET-1 other failures say nothing of the network', async () => {
    start();
    const network = site.tab('tab', options());
    for (const error of [new Error('500'), new TypeError('x is not a function'), 'no'])
      await expect(network.execute(() => Promise.reject(error))).rejects.toBe(error);
    await expect(
      network.execute(() => {
        throw new RangeError('at once');
      }),
    ).rejects.toThrow('at once');
    await site.pass();
    expect(network.status).toBe('online');
  });

  test('NET-1 a request that gets no answer says offline, and is sent when the network is back', async () => {
    start();
    const network = site.tab('tab', options());
    site.up = false;
    const sent = fate(network.post(url, 1));
    await site.pass(60_000);
    expect([network.status, sent]).toEqual(['offline', {}]);
    site.up = true;
    await site.pass(20_000);
    expect([network.status, sent.value?.status, site.bodies]).toEqual(['online', 200, ['1']]);
  });

  test('NET-2 NET-3 a platform that has no network is believed until something was reached', async () => {
    start();
    const { believe } = platform(true);
    const network = site.tab('tab', options());
    await site.pass();
    site.up = false;
    believe(false);
    await site.pass();
    expect(network.status).toBe('offline');
    const calls: number[] = [];
    const done = [1, 2, 3].map((n) =>
      network.execute(async () => {
        calls.push(n);
        return site.reach();
      }),
    );
    await site.pass(60_000);
    expect(calls).toEqual([]);
    site.up = true;
    believe(true);
    await site.pass();
    expect([network.status, calls]).toEqual(['online', [1, 2, 3]]);
    expect(await Promise.all(done)).toEqual(['reached', 'reached', 'reached']);
  });

  test('NET-1 a page that starts without a network starts offline', async () => {
    start();
    platform(false);
    site.up = false;
    const network = site.tab('tab', options());
    expect(network.status).toBe('offline');
    await site.pass(1000);
    expect(network.status).toBe('offline');
  });

  test('NET-14 after close no platform is heard and nothing is tried', async () => {
    start();
    const { believe } = platform(true);
    const probe = vi.fn(site.reach);
    const network = site.tab('tab', kind === 'with a probe' ? { probe } : {});
    await site.pass();
    network.close();
    network.close();
    believe(false);
    await site.pass(60_000);
    expect([network.status, probe.mock.calls.length, site.errors]).toEqual(['online', 0, []]);
    await expect(network.execute(site.reach)).rejects.toMatchObject({ code: 'closed' });
    await expect(network.post(url, 1)).rejects.toMatchObject({ code: 'closed' });
  });
});

describe('the probe', () => {
  test('NET-2 is asked again after waits that grow to 20 s, and has 10 s', async () => {
    start();
    site.up = false;
    const times: number[] = [];
    const begin = site.world.now;
    const network = site.tab('tab', {
      probe: () => {
        times.push(site.world.now - begin);
        return times.length < 3 ? Promise.reject(new Error('no')) : new Promise(() => {});
      },
      random: () => 0.999999,
    });
    await expect(network.execute(site.reach)).rejects.toThrow();
    await site.pass(100_000);
    // 0.5, 1, then 10 s of silence and 2, 4, 8, 16, 20 s of waiting.
    expect(times.map((ms) => Math.round(ms / 100) / 10)).toEqual([0, 0.5, 1.5, 13.5, 27.5, 45.5, 71.5]);
    expect(network.status).toBe('offline');
  });

  test('NET-2 is asked at once when something begins to wait, and when the page is back', async () => {
    start();
    const { sign } = platform(true);
    const probe = vi.fn(site.reach);
    const network = site.tab('tab', { probe, random: () => 0.9 });
    site.up = false;
    await expect(network.execute(site.reach)).rejects.toThrow();
    await site.pass(60_000);
    const asked = probe.mock.calls.length;
    network.execute(site.reach);
    await site.pass();
    expect(probe.mock.calls.length).toBe(asked + 1);
    site.up = true;
    sign('focus');
    await site.pass();
    expect(network.status).toBe('online');
    sign('focus');
    await site.pass();
    expect(probe.mock.calls.length).toBe(asked + 2);
    await site.pass(60_000);
    expect(probe.mock.calls.length).toBe(asked + 2);
  });

  test('NET-2 is asked at once when a request begins to wait', async () => {
    start();
    const probe = vi.fn(site.reach);
    const network = site.tab('tab', { probe, random: () => 0.999 });
    site.up = false;
    await expect(network.execute(site.reach)).rejects.toThrow();
    await site.pass(60_000);
    site.up = true;
    network.post(url, 1);
    await site.pass();
    expect([network.status, site.bodies]).toEqual(['online', ['1']]);
  });

  test('NET-2 has the last word: one server that is down is not the network', async () => {
    start();
    const network = site.tab('tab', { probe: async () => 'fine' });
    const told = vi.fn();
    network.onStatusChange(told);
    site.up = false;
    await expect(network.execute(site.reach)).rejects.toThrow();
    const sent = fate(network.post(url, 1));
    await site.pass(60_000);
    expect([network.status, told.mock.calls, sent]).toEqual(['online', [], {}]);
    site.up = true;
    await site.pass(20_000);
    expect(sent.value?.ok).toBe(true);
  });

  test('NET-2 may be an address, where any answer will do', async () => {
    start();
    site.answer = () => new Response(null, { status: 404 });
    const network = site.tab('tab', { probe: 'https://site.test/ping' });
    site.up = false;
    await expect(network.execute(site.reach)).rejects.toThrow();
    await site.pass();
    expect(network.status).toBe('offline');
    site.up = true;
    await site.pass(20_000);
    expect([network.status, site.seen[0]?.method, site.seen[0]?.path]).toEqual(['online', 'HEAD', '/ping']);
  });
});

describe('without a probe', () => {
  test('NET-3 one request at a time is tried, of one lane after the other', async () => {
    start();
    const network = site.tab();
    const tried: string[] = [];
    const fetch = site.fetch('tab');
    const reached = vi.fn(fetch);
    const other = site.tab('other', {
      fetch: (input, init) => {
        tried.push(new URL(String(input)).pathname);
        return reached(input, init);
      },
    });
    site.up = false;
    const sent = ['a', 'b'].map((path) => fate(other.post(`https://site.test/${path}`, path)));
    await site.pass(60_000);
    const [first, second, third, fourth] = tried.slice(2);
    expect([first !== second, first === third, second === fourth]).toEqual([true, true, true]);
    site.up = true;
    await site.pass(20_000);
    expect(sent.map(({ value }) => value?.ok)).toEqual([true, true]);
    expect(network.status).toBe('online');
  });

  test('NET-3 one function at a time is tried, and called once', async () => {
    start();
    const network = site.tab();
    site.up = false;
    await expect(network.execute(site.reach)).rejects.toThrow();
    const calls: number[] = [];
    const ends = [1, 2, 3].map((n) =>
      fate(
        network.execute(async () => {
          calls.push(n);
          return site.reach();
        }),
      ),
    );
    await site.pass(500);
    expect(calls).toEqual([1]);
    site.up = true;
    await site.pass(20_000);
    expect(calls).toEqual([1, 2, 3]);
    expect(ends.map(({ value, error }) => value ?? (error as Error).message)).toEqual([
      'Failed to fetch',
      'reached',
      'reached',
    ]);
  });

  test('NET-3 a request that begins to wait when nothing did is tried', async () => {
    start();
    const network = site.tab();
    site.up = false;
    await expect(network.execute(site.reach)).rejects.toThrow();
    await site.pass(60_000);
    site.up = true;
    network.post(url, 1);
    await site.pass(500);
    expect([network.status, site.bodies]).toEqual(['online', ['1']]);
  });

  test('NET-3 NET-7 once the network is back nothing more is tried than may be under way', async () => {
    start();
    const { believe } = platform(true);
    const network = site.tab('tab', { random: () => 0.999 });
    site.up = false;
    network.post(url, 0);
    await site.pass(60_000);
    site.up = true;
    believe(true);
    await site.pass();
    expect(network.status).toBe('online');
    site.answer = () => 'silence';
    for (let n = 1; n <= 20; n++) network.post(`https://site.test/${n}`, n);
    await site.pass(30_000);
    expect(site.seen.length).toBe(1 + 6);
  });

  test('NET-3 if nothing waits, the platform is believed', async () => {
    start();
    const { believe } = platform(true);
    const network = site.tab();
    await site.pass();
    believe(false);
    await site.pass(60_000);
    expect(network.status).toBe('offline');
    believe(true);
    expect(network.status).toBe('online');
  });

  test('NET-4 a lane that gets no answer where others do waits alone', async () => {
    start();
    const network = site.tab();
    site.answer = ({ path }) =>
      path === '/bad' ? Promise.reject(new TypeError('Failed to fetch')) : new Response('ok');
    const told: string[] = [];
    const bad = fate(network.post('https://site.test/bad', 1));
    await site.pass();
    network.onStatusChange((status) => told.push(status));
    for (let n = 0; n < 100; n++) {
      network.post('https://site.test/good', n);
      await site.pass(1000);
    }
    expect(site.seen.filter(({ path }) => path === '/good')).toHaveLength(100);
    expect([network.status, told, bad]).toEqual(['online', ['online'], {}]);
  });
});

describe('execute', () => {
  test('NET-5 what waited is called in order, one after the other, and a failure is its own', async () => {
    start();
    const network = site.tab('tab', { probe: site.reach });
    site.up = false;
    await network.execute(site.reach).catch(() => {});
    await site.pass();
    const steps: string[] = [];
    const job = (n: number) => async () => {
      steps.push(`${n} begins`);
      await new Promise<void>((resolve) => void site.world.after(100 - n, resolve));
      steps.push(`${n} ends`);
      if (n === 2) throw new Error('second');
      return n;
    };
    const done = [1, 2, 3].map((n) => network.execute(job(n)));
    const ends = Promise.allSettled(done);
    site.up = true;
    await site.pass(20_000);
    expect((await ends).map((end) => end.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    await expect(done[1]).rejects.toThrow('second');
    expect(steps).toEqual([1, 2, 3].flatMap((n) => [`${n} begins`, `${n} ends`]));
  });

  test('NET-5 what waits calls execute itself and waits for it, also when the network goes in between', async () => {
    start();
    const network = site.tab('tab', { probe: site.reach });
    const drop = async (): Promise<void> => {
      site.up = false;
      await network.execute(site.reach).catch(() => {});
      await site.pass();
    };
    await drop();
    const outer = fate(
      network.execute(async () => {
        site.up = false;
        await network.execute(site.reach).catch(() => {});
        await new Promise<void>((resolve) => void site.world.after(1, resolve));
        return network.execute(site.reach);
      }),
    );
    site.up = true;
    await site.pass(20_000);
    site.up = true;
    await site.pass(60_000);
    expect(outer.value).toBe('reached');
  });

  test('NET-5 NET-12 no more than 1,000 wait', async () => {
    start();
    const network = site.tab('tab', { probe: site.reach });
    site.up = false;
    await network.execute(site.reach).catch(() => {});
    await site.pass();
    const waiting = Array.from({ length: 1000 }, () => network.execute(site.reach));
    await expect(network.execute(site.reach)).rejects.toMatchObject({ code: 'queue_full' });
    site.up = true;
    await site.pass(20_000);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['reached']));
  });

  test('NET-14 close tells those that wait', async () => {
    start();
    const network = site.tab('tab', { probe: site.reach });
    site.up = false;
    await network.execute(site.reach).catch(() => {});
    await site.pass();
    const waiting = network.execute(site.reach);
    network.close();
    await expect(waiting).rejects.toMatchObject({ code: 'closed' });
  });
});
