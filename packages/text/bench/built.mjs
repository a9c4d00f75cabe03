import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const bundle = new URL('../dist/text.js', import.meta.url);
const sources = new URL('../src/', import.meta.url);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const command = 'npm run build --workspace packages/text';

/**
 * The built package, and what it saves with. It is built if it was not, or not
 * since its sources changed.
 *
 * @returns {Promise<typeof import('../src/index.ts') & typeof import('../src/saved.ts')>}
 */
export async function built() {
  if (!fresh()) {
    const build = spawnSync(command, { cwd: root, shell: true, encoding: 'utf8' });
    if (build.status !== 0 || !existsSync(bundle)) {
      throw new Error(`the package is not built: run npm ci and ${command} in ${root}\n${build.stderr}`);
    }
  }
  return { ...(await import(bundle.href)), ...(await import(new URL('saved.js', bundle).href)) };
}

function fresh() {
  if (!existsSync(bundle)) return false;
  const since = statSync(bundle).mtimeMs;
  return readdirSync(sources).every((file) => statSync(new URL(file, sources)).mtimeMs <= since);
}
