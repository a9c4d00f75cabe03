import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    binary: string;
  }
}

const root = join(import.meta.dirname, '../..');

/** Builds the server with the page as it is now, or takes the one that $TUTTI names. */
export default async function build(project: TestProject): Promise<() => Promise<void>> {
  if (process.env.TUTTI) {
    project.provide('binary', process.env.TUTTI);
    return async () => {};
  }
  if (!existsSync(join(root, 'web/dist/index.html'))) throw new Error('the page is not built: npm run build');
  const folder = await mkdtemp(join(tmpdir(), 'tutti-e2e-'));
  const binary = join(folder, 'tutti');
  await promisify(execFile)('go', ['build', '-o', binary, './cmd/tutti'], { cwd: root });
  project.provide('binary', binary);
  return () => rm(folder, { recursive: true });
}
