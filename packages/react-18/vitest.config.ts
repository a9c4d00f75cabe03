import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const react = join(import.meta.dirname, '../react');
const modules = join(import.meta.dirname, 'node_modules');

/** The tests of the hooks, with the other React. */
export default defineConfig({
  resolve: {
    alias: {
      '@tutti/react': join(react, 'src/index.ts'),
      react: join(modules, 'react'),
      'react-dom': join(modules, 'react-dom'),
    },
  },
  test: { name: 'react 18', environment: 'happy-dom', testTimeout: 60_000, dir: join(react, 'test') },
});
