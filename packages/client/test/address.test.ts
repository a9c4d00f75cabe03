import { describe, expect, test } from 'vitest';
import { address } from '../src/address.ts';
import { newSecret } from '../src/secret.ts';

describe('the address of the server', () => {
  const served = 'https://a.test/realtime/v1/client.js';
  const page = 'https://page.test/app/index.html?x=1';
  test.each([
    ['http://b.test', '', undefined, 'ws://b.test/v1/ws'],
    ['https://b.test/base/', '', undefined, 'wss://b.test/base/v1/ws'],
    ['wss://b.test:8080/base?q#h', '', page, 'wss://b.test:8080/base/v1/ws'],
    [undefined, served, page, 'wss://a.test/realtime/v1/ws'],
    [undefined, 'http://a.test/v1/client.js?v=2', page, 'ws://a.test/v1/ws'],
    [undefined, 'https://cdn.test/assets/app.js', page, 'wss://page.test/v1/ws'],
    ['/realtime', served, page, 'wss://page.test/realtime/v1/ws'],
    ['live', '', page, 'wss://page.test/app/live/v1/ws'],
    [new URL('http://c.test/'), '', undefined, 'ws://c.test/v1/ws'],
  ])('%s in %s on %s', (url, module, on, expected) => {
    expect(address(url, module, on)).toBe(expected);
  });

  test.each([undefined, '/relative', 'http://', 'ftp://b.test'])('%s is none outside a page', (url) => {
    expect(() => address(url, 'file:///m.js', undefined)).toThrow(
      expect.objectContaining({ code: 'bad_message' }),
    );
  });
});

test('CLIENT-1 a secret is its day of birth and 128 random bits', () => {
  const secrets = Array.from({ length: 200 }, () => newSecret(Date.UTC(2026, 10, 24, 23, 59)));
  for (const s of secrets) expect(s).toMatch(/^20781\.[\w-]{22}$/);
  expect(new Set(secrets).size).toBe(200);
});
