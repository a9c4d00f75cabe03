import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/*
 * Histories are files: JSON, gzipped if the name ends in `.gz`, of the shape of
 * the editing traces:
 *
 *     { kind?, startContent?, endContent?, numAgents?, txns: [{ parents?, agent?, patches }] }
 *
 * A patch is [position, deleted, inserted], and positions count code points.
 * A txn of kind `concurrent` sees the txns that `parents` names, and theirs.
 */

const recorded = { typed: 'automerge-paper', code: 'sveltecomponent', pair: 'friendsforever' };

/** Reads a history. Its positions must be the same in code points and in UTF-16 units, which Yjs and others count. */
export function read(file) {
  const data = readFileSync(file);
  const history = JSON.parse((file.endsWith('.gz') ? gunzipSync(data) : data).toString());
  for (const { patches } of history.txns)
    for (const [, , inserted] of patches)
      if (/[\ud800-\udfff]/.test(inserted)) throw new Error(`${file} holds characters of two UTF-16 units`);
  return history;
}

/**
 * The files of the three histories that are measured: recorded ones if the
 * folder has them, else drawn ones, which are put into `temporary`. `missing`
 * names what the folder has not.
 */
export function find(folder, temporary) {
  const files = {};
  const missing = [];
  for (const [use, name] of Object.entries(recorded)) {
    const file = join(folder, `${name}.json.gz`);
    if (existsSync(file)) files[use] = { name, file };
    else {
      missing.push(file);
      files[use] = write(
        temporary,
        `drawn-${use}`,
        use === 'pair' ? drawPair(20_000) : drawTyped(use === 'typed' ? 200_000 : 20_000),
      );
    }
  }
  return { files, missing };
}

/** Two branches of n edits of one code point each, at random places of one base, in `temporary`. */
export function branches(temporary, n) {
  return write(temporary, `branches-${n}`, drawBranches(n));
}

function write(folder, name, history) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(history));
  return { name, file };
}

/** Numbers from 0 up to a limit, the same in each run (Park and Miller, 1988). */
function randomNumbers() {
  let state = 1;
  return (limit) => {
    state = (state * 48_271) % 2_147_483_647;
    return Math.floor((state / 2_147_483_647) * limit);
  };
}

const letter = (random) => 'abcdefghijklmnopqrstuvwxyz '[random(27)];

/** One person types, deletes now and then, and goes to another place every fifty keys. */
function* keys(random, n) {
  let [length, at] = [0, 0];
  for (let i = 0; i < n; i++) {
    if (random(50) === 0) at = random(length + 1);
    if (at > 0 && random(4) === 0) {
      length--;
      yield [--at, 1, ''];
    } else {
      length++;
      yield [at++, 0, letter(random)];
    }
  }
}

const applied = (text, patches) => {
  const characters = [...text];
  for (const [at, deleted, inserted] of patches) characters.splice(at, deleted, ...inserted);
  return characters.join('');
};

function drawTyped(n) {
  const patches = [...keys(randomNumbers(), n)];
  return { endContent: applied('', patches), txns: patches.map((patch) => ({ patches: [patch] })) };
}

/**
 * Two people type, each on an own side of a wall, and see each other's work
 * every hundred keys: so that what comes of it is known without an engine.
 */
function drawPair(n) {
  const random = randomNumbers();
  const wall = '\n----\n';
  const sides = [0, 1].map(() => [...keys(random, n / 2)]);
  const txns = [{ parents: [], agent: 0, patches: [[0, 0, wall]] }];
  let [heads, left] = [[0], 0];
  for (let from = 0; from < n / 2; from += 100) {
    const seen = left;
    const next = sides.map((side, agent) => {
      let parents = heads;
      for (const [at, deleted, inserted] of side.slice(from, from + 100)) {
        if (agent === 0) left += inserted.length - deleted;
        const patch = [agent === 0 ? at : seen + wall.length + at, deleted, inserted];
        parents = [txns.push({ parents, agent, patches: [patch] }) - 1];
      }
      return parents[0];
    });
    heads = next;
  }
  const endContent = applied('', sides[0]) + wall + applied('', sides[1]);
  return { kind: 'concurrent', numAgents: 2, endContent, txns };
}

function drawBranches(n) {
  const random = randomNumbers();
  const base = 'x'.repeat(1000);
  const branch = () => {
    let length = base.length;
    return Array.from({ length: n }, () => {
      const at = random(length);
      const insert = random(3) > 0;
      length += insert ? 1 : -1;
      return insert ? [at, 0, letter(random)] : [at, 1, ''];
    });
  };
  const txns = [
    { parents: [], agent: 0, patches: [[0, 0, base]] },
    { parents: [0], agent: 1, patches: branch() },
    { parents: [0], agent: 2, patches: branch() },
  ];
  return { kind: 'concurrent', numAgents: 3, txns };
}
