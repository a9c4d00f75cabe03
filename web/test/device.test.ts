import { describe, expect, test } from 'vitest';
import { Device } from '../src/rooms/device.ts';

describe('Device', () => {
  test('CRDT-8: a copy goes on under the id in it, until one of the two is renewed', () => {
    const [a, b] = [new Device('A'), new Device('B')];
    a.parts.counter.increment();
    b.restore(a.payload());
    expect(b.id).toBe(a.id);
    b.parts.counter.increment();
    expect(() => a.apply(b.payload())).toThrowError(expect.objectContaining({ code: 'replica_reused' }));
    expect(a.parts.counter.value).toBe(1);
    a.renew();
    expect(a.id).not.toBe(b.id);
    a.apply(b.payload());
    expect(a.parts.counter.value).toBe(2);
  });

  test('all its parts go by one id', () => {
    const a = new Device('A');
    a.renew();
    expect(new Set(Object.values(a.parts).map((part) => part.replicaId))).toEqual(new Set([a.id]));
  });
});
