import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { alias: { '@tutti/react': join(import.meta.dirname, 'src/index.ts') } },
  test: { name: 'react 19', environment: 'happy-dom', testTimeout: 60_000 },
});
