import { describe, expect, test } from 'vitest';
import { address } from '../src/address.ts';
import { newSecret } from '../src/secret.ts';

describe('the address of the server', () => {
  const served = 'https://a.test/realtime/v1/client.js';
  const page = 'https://page.test/app/index.html?x=1';
  test.each([
    ['http://b.test', '', undefined, 'http://b.test/v1'],
    ['https://b.test/base/', '', undefined, 'https://b.test/base/v1'],
    ['wss://b.test:8080/base?q#h', '', page, 'https://b.test:8080/base/v1'],
    [undefined, served, page, 'https://a.test/realtime/v1'],
    [undefined, 'http://a.test/v1/client.js?v=2', page, 'http://a.test/v1'],
    [undefined, 'https://cdn.test/assets/app.js', page, 'https://page.test/v1'],
    ['/realtime', served, page, 'https://page.test/realtime/v1'],
    ['live', '', page, 'https://page.test/app/live/v1'],
    [new URL('http://c.test/'), '', undefined, 'http://c.test/v1'],
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
