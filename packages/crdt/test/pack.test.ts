import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
let project: string;

const source = {
  'main.mts': `
    import { CrdtError, GCounter, LWWMap, ORSet, open, type GCounterPayload, type Kept } from '@tutti/crdt';
    const a = new GCounter();
    const b = new GCounter();
    const delta: GCounterPayload = a.increment(2);
    b.increment();
    b.applyPayload(delta);
    const tags = new ORSet<string>();
    tags.add('x');
    const map = new LWWMap<number>();
    map.set('k', 1);
    // @ts-expect-error: not of the set's type
    export const bad = () => tags.add(5);
    const kept: Kept<ORSet<string>> = await open(ORSet<string>, 'tags', {
      storage: { getItem: () => null, setItem: () => {} },
    });
    await kept.close();
    try {
      b.applyPayload({ replicaId: 'a', counts: [['a', -1]] });
    } catch (error) {
      if (!(error instanceof CrdtError)) throw error;
      console.log(JSON.stringify({ value: b.value, tags: tags.value, code: error.code }));
    }
  `,
  'package.json': '{ "private": true, "type": "module" }',
};

function tsconfig(resolution: 'bundler' | 'nodenext'): string {
  return JSON.stringify({
    compilerOptions: {
      strict: true,
      target: 'es2022',
      lib: ['es2023', 'dom'],
      module: resolution === 'bundler' ? 'esnext' : 'nodenext',
      moduleResolution: resolution,
      types: [],
    },
    include: ['main.mts'],
  });
}

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'tutti-pack-'));
  const pack = ['pack', '--silent', '--pack-destination', project];
  const { stdout } = await run('npm', pack, { cwd: join(root, 'packages', 'crdt') });
  for (const [name, text] of Object.entries(source)) await writeFile(join(project, name), text);
  await writeFile(join(project, 'bundler.json'), tsconfig('bundler'));
  await writeFile(join(project, 'nodenext.json'), tsconfig('nodenext'));
  const tarball = stdout.trim().split('\n').at(-1) ?? '';
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${tarball}`], { cwd: project });
}, 120_000);

afterAll(async () => rm(project, { recursive: true, force: true }));

test.each(['bundler', 'nodenext'])(
  'the packed package type-checks under %s, and runs',
  async (resolution) => {
    await run(join(root, 'node_modules', '.bin', 'tsc'), ['-p', `${resolution}.json`], { cwd: project });
    const { stdout } = await run('node', ['main.mjs'], { cwd: project });
    expect(JSON.parse(stdout)).toEqual({ value: 3, tags: ['x'], code: 'bad_payload' });
  },
  60_000,
);
