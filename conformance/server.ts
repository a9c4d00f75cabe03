import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { Server } from '../web/e2e/server.ts';

const root = join(import.meta.dirname, '..');

/**
 * Builds the server as it is now for the tests of one file. Returns how a test
 * starts one, with its data on disk; it ends with the test.
 */
export function builtServer(): () => Promise<Server> {
  let folder: string;
  let running: Server[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tutti-conformance-'));
    await promisify(execFile)('go', ['build', '-o', join(folder, 'tutti'), './cmd/tutti'], { cwd: root });
  }, 120_000);
  afterEach(async () => {
    await Promise.all(running.map((server) => server.end()));
    running = [];
  });
  afterAll(() => rm(folder, { recursive: true }));
  return async () => {
    const server = await Server.start(join(folder, 'tutti'));
    running.push(server);
    return server;
  };
}

/** The address of a server, with no path. */
export const address = (server: Server): string => `http://127.0.0.1:${server.port}`;
