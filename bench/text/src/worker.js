import { createInterface } from 'node:readline';
import { first, memory, prepareFirst, save } from './files.js';
import { read } from './histories.js';
import { jobs } from './jobs.js';

/*
 * One engine in a process of its own: `node worker.js ENGINE`. Each line of the
 * standard input is a request in JSON, and gets one line as its answer:
 *
 *     { job: 'type' | 'merge' | …, history: file, warm?: milliseconds }  →  { ms, text }
 *     { job: 'prepareFirst', history: file, open?: file, merge: file }  →  {}
 *     { job: 'first', open?: file, merge: file }                        →  { ms, text }
 *     { job: 'save', history: file, to: file }                          →  { smallest, usual, text }, in bytes
 *     { job: 'memory', from: file, copies, edit }                       →  { bytes, text }
 *
 * or { error }. With `warm` the job is run again until so much time has passed.
 */

const { Doc } = await import(`./engines/${process.argv[2]}.js`);

/** What is no job. */
const special = { prepareFirst, first, save, memory };

let prepared = { key: '', value: undefined };

function once({ job, history }) {
  const { prepare, run } = jobs[job];
  const key = `${job} ${history}`;
  if (prepared.key !== key) prepared = { key, value: prepare(Doc, read(history)) };
  const begun = performance.now();
  const { begin = begun, end, text } = run(Doc, prepared.value);
  return { ms: end - begin, text };
}

function answer(request) {
  if (request.job in special) return special[request.job](Doc, request) ?? {};
  let last;
  let spent = 0;
  do {
    last = once(request);
    spent += last.ms;
  } while (spent < (request.warm ?? 0));
  return last;
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply;
  try {
    reply = answer(JSON.parse(line));
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
