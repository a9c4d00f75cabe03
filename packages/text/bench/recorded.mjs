import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/**
 * A history to replay: the text at its beginning and at its end; and its
 * splices, if one agent made them all, or else its changes.
 *
 * @typedef {[at: number, n: number, text: string]} Splice
 * @typedef {{ agent: string, seq: number }} Event
 * @typedef {Event & { parents: Event[], op: Splice[] }} Change
 * @typedef {{ start: string, end: string, splices: Splice[], changes: Change[] }} Recorded
 */

/**
 * Reads a file of JSON, gzipped or not: an array of histories {txns,
 * endContent}, or one trace {startContent, endContent, txns}.
 *
 * @param {string} file
 * @returns {{ kind: string, histories: Recorded[] }}
 */
export function read(file) {
  let data = readFileSync(file);
  if (data[0] === 0x1f && data[1] === 0x8b) data = gunzipSync(data);
  const content = parse(data.toString());
  if (Array.isArray(content)) {
    check(content.length > 0, 'it holds no history');
    return { kind: 'histories', histories: content.map(history) };
  }
  const kind = known(content).kind === 'concurrent' ? 'concurrent' : 'sequential';
  return { kind, histories: [kind === 'concurrent' ? concurrent(content) : sequential(content)] };
}

/** A history whose txns have span, parents (events), agent, seqStart and ops. */
function history(content) {
  const { txns, endContent } = known(content);
  /** @type {Change[]} */
  const changes = [];
  const starts = [];
  let end = 0;
  const event = (v) => {
    check(whole(v) && v < end, 'a parent comes behind its child');
    const { agent, seq } = changes[lastUpTo(starts, v)];
    return { agent, seq: seq + v - starts[lastUpTo(starts, v)] };
  };
  for (const txn of list(txns, 'txns')) {
    const op = splices(known(txn).ops);
    check(typeof txn.agent === 'string' && whole(txn.seqStart), 'a txn has no agent or no seqStart');
    check(txn.span?.[0] === end && txn.span[1] - end === eventsOf(op), "a txn's span is not that of its ops");
    const parents = list(txn.parents, 'parents').map(event);
    if (txn.span[1] === end) continue;
    changes.push({ agent: txn.agent, seq: txn.seqStart, parents, op });
    starts.push(end);
    end = txn.span[1];
  }
  return { start: '', end: text(endContent), splices: [], changes };
}

/** A trace of one agent, whose txns have patches. */
function sequential({ startContent = '', endContent, txns }) {
  const all = list(txns, 'txns').flatMap((txn) => splices(known(txn).patches));
  return { start: text(startContent), end: text(endContent), splices: all, changes: [] };
}

/** A trace whose txns have also parents (txns) and an agent. */
function concurrent({ endContent, txns }) {
  /** @type {Change[]} */
  const changes = [];
  /** @type {Event[][]} Of each txn the last event, or, if it has none, those of its parents. */
  const last = [];
  const next = new Map();
  for (const txn of list(txns, 'txns')) {
    const op = splices(known(txn).patches);
    check(whole(txn.agent), 'a txn has no agent');
    const parents = list(txn.parents, 'parents').flatMap((parent) => {
      check(whole(parent) && parent < last.length, 'a parent comes behind its child');
      return last[parent];
    });
    const n = eventsOf(op);
    const agent = `agent ${txn.agent}`;
    const seq = next.get(agent) ?? 0;
    next.set(agent, seq + n);
    if (n > 0) changes.push({ agent, seq, parents, op });
    last.push(n > 0 ? [{ agent, seq: seq + n - 1 }] : parents);
  }
  return { start: '', end: text(endContent), splices: [], changes };
}

function parse(content) {
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new Error(`it is no JSON: ${error.message}`);
  }
}

function known(value) {
  check(
    typeof value === 'object' && value !== null,
    'it has something else where a history or a txn should be',
  );
  return value;
}

function splices(value) {
  for (const splice of list(value, 'splices')) {
    const [at, n, inserted] = list(splice, 'a splice');
    check(
      whole(at) && whole(n) && typeof inserted === 'string',
      'a splice is not [position, deleted, inserted]',
    );
  }
  return value;
}

function eventsOf(op) {
  let events = 0;
  for (const [, n, inserted] of op) {
    events += n;
    for (const _ of inserted) events++;
  }
  return events;
}

function list(value, name) {
  check(Array.isArray(value), `it has no list of ${name}`);
  return value;
}

function text(value) {
  check(typeof value === 'string', 'its text at the beginning or the end is none');
  return value;
}

function whole(value) {
  return Number.isSafeInteger(value) && value >= 0;
}

function check(right, what) {
  if (!right) throw new Error(what);
}

/** The index of the last of ascending numbers that is not above one. */
function lastUpTo(numbers, value) {
  let low = 0;
  let high = numbers.length;
  while (low + 1 < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle] <= value) low = middle;
    else high = middle;
  }
  return low;
}
