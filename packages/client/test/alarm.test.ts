import { expect, test } from 'vitest';
import { Alarm, type Timers } from '../src/alarm.ts';
import { World } from './world.ts';

test('an alarm rings once at its latest wish, and moving it later sets no timer', async () => {
  const world = new World(1);
  const start = world.now;
  const rung: number[] = [];
  let set = 0;
  const timers: Timers = {
    setTimeout: (f, ms) => {
      set++;
      return world.timers.setTimeout(f, ms);
    },
    clearTimeout: world.timers.clearTimeout,
  };
  const alarm = new Alarm(
    timers,
    () => world.now,
    () => {
      rung.push(world.now - start);
      alarm.set(null);
    },
  );
  alarm.set(start + 100);
  for (let ms = 101; ms <= 200; ms++) alarm.set(start + ms);
  expect(set).toBe(1);
  await world.pass(1000);
  expect(rung).toEqual([200]);
  alarm.set(start + 2000);
  alarm.set(start + 1500);
  await world.pass(250);
  alarm.set(null);
  await world.pass(5000);
  expect(rung).toEqual([200]);
});

test('a wish beyond what a platform timer can wait is kept', async () => {
  const world = new World(1);
  const far = world.now + 2 ** 32;
  let rung = 0;
  const alarm = new Alarm(
    world.timers,
    () => world.now,
    () => {
      rung = world.now;
      alarm.set(null);
    },
  );
  alarm.set(far);
  await world.pass(2 ** 33);
  expect(rung).toBe(far);
});

test('CONN-5 after a stall an alarm lets what waited come first, but not for ever', async () => {
  const world = new World(1);
  const start = world.now;
  const rung: number[] = [];
  let stall = 0;
  const timers: Timers = {
    setTimeout: (f, ms) => world.timers.setTimeout(f, ms + stall),
    clearTimeout: world.timers.clearTimeout,
  };
  const alarm = new Alarm(
    timers,
    () => world.now,
    () => {
      rung.push(world.now - start);
      alarm.set(null);
    },
  );
  stall = 3000;
  alarm.set(start + 2000);
  stall = 0;
  world.after(5020, () => alarm.set(start + 9000));
  await world.pass(20_000);
  expect(rung).toEqual([9000]);
  stall = 1000;
  alarm.set(start + 30_000);
  await world.pass(20_000);
  expect(rung).toEqual([9000, 32_050]);
});
