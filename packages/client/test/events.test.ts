import { describe, expect, test } from 'vitest';
import { EventParser } from '../src/fallback/events.ts';
import { seeded } from './world.ts';

/** The data of each event, by the letter of the HTML standard, of a whole stream at once. */
function naive(stream: string): string[] {
  const events: string[] = [];
  let data = '';
  const lines = stream.replaceAll('\r\n', '\n').replaceAll('\r', '\n').split('\n');
  for (const line of lines.slice(0, -1)) {
    if (line === '') {
      if (data !== '') events.push(data.slice(0, -1));
      data = '';
      continue;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1);
    if (field === 'data') data += `${value.startsWith(' ') ? value.slice(1) : value}\n`;
  }
  return events;
}

function parse(pieces: string[]): string[] {
  const parser = new EventParser();
  return pieces.flatMap((piece) => parser.push(piece));
}

describe('ROAD-2 an event stream', () => {
  test.each([
    ['data: {"type":"ping"}\n\n', ['{"type":"ping"}']],
    ['data:a\ndata: b\r\ndata\rdata:  c\n\n', ['a\nb\n\n c']],
    [': nothing\n\n\n\ndatabase: 1\n\n', []],
    ['id: 1\nevent: x\nretry: 5\ndata: a:b\n\n', ['a:b']],
    ['data\n\ndata:\n\n', ['', '']],
    ['data: cut', []],
    ['data: cut\n', []],
    ['data: a\r\n\r\ndata: b\r\r', ['a', 'b']],
  ])('%j', (stream, events) => {
    expect(parse([stream])).toEqual(events);
    expect(parse([...stream])).toEqual(events);
    expect(naive(stream)).toEqual(events);
  });

  test('is the same however it is cut, and as the naive reading has it', () => {
    const random = seeded(1);
    const below = (n: number): number => Math.floor(random() * n);
    const bits = ['data', 'data:', 'data: ', ':', ' ', '\n', '\r', '\r\n', '\n\n', 'x', 'é', 'id: 1', '😀'];
    for (let round = 0; round < 5000; round++) {
      const stream = Array.from({ length: below(40) }, () => bits[below(bits.length)]).join('');
      const pieces: string[] = [];
      for (let at = 0; at < stream.length; ) {
        const next = at + below(6);
        pieces.push(stream.slice(at, next));
        at = next;
      }
      expect(parse(pieces), JSON.stringify(pieces)).toEqual(naive(stream));
    }
  });

  test('whose event never ends is given up, one of many comments is not', () => {
    const parser = new EventParser();
    const comment = `:${'x'.repeat(1 << 20)}\n`;
    for (let i = 0; i < 40; i++) expect(parser.push(comment)).toEqual([]);
    expect(() => {
      for (let i = 0; i < 40; i++) parser.push(`data: ${'x'.repeat(1 << 20)}\n`);
    }).toThrow('too long');
  });
});
