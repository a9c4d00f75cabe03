import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'all', testTimeout: 60_000, exclude: ['**/node_modules/**', '**/dist/**', 'packages/react/**'] } },
      'packages/react/vitest.config.ts',
      'packages/react-18/vitest.config.ts',
    ],
  },
});
