import { defineConfig } from 'tsdown';

export default defineConfig({
  entry: { text: 'src/index.ts', past: 'src/past.ts', saved: 'src/saved.ts', log: 'src/log.ts' },
  // What the entry points share lies beside them, and is theirs alone.
  outputOptions: { chunkFileNames: '[name].js' },
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  minify: true,
  sourcemap: true,
  dts: { sourcemap: false },
  fixedExtension: false,
});
