import { defineConfig } from 'tsdown';

export default defineConfig({
  entry: { codemirror: 'src/index.ts' },
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  minify: true,
  sourcemap: true,
  dts: { sourcemap: false },
  fixedExtension: false,
});
