import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const modules = join(import.meta.dirname, 'node_modules');

/** The tests of the hooks, with the other React. */
export default defineConfig({
  resolve: { alias: { react: join(modules, 'react'), 'react-dom': join(modules, 'react-dom') } },
  test: { name: 'react 18', environment: 'happy-dom', dir: join(import.meta.dirname, '../react/test') },
});
