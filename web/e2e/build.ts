import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The server. */
    binary: string;
    /** The Go client as an agent. */
    agent: string;
  }
}

const root = join(import.meta.dirname, '../..');

/** Builds the server with the page as it is now, or takes the one that $TUTTI names, and the agent. */
export default async function build(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'tutti-e2e-'));
  const compile = async (name: string, pkg: string): Promise<string> => {
    const binary = join(folder, name);
    await promisify(execFile)('go', ['build', '-o', binary, pkg], { cwd: root });
    return binary;
  };
  if (!existsSync(join(root, 'web/dist/index.html'))) throw new Error('the page is not built: npm run build');
  project.provide('binary', process.env.TUTTI ?? (await compile('tutti', './cmd/tutti')));
  project.provide('agent', await compile('agent', './conformance/agents'));
  return () => rm(folder, { recursive: true });
}
