import { defineConfig } from 'tsdown';

export default defineConfig({
  entry: { text: 'src/index.ts', past: 'src/past.ts', saved: 'src/saved.ts', log: 'src/log.ts' },
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  minify: true,
  sourcemap: true,
  dts: { sourcemap: false },
  fixedExtension: false,
});
