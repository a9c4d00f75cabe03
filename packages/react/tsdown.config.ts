import { defineConfig } from 'tsdown';

export default defineConfig({
  entry: { react: 'src/index.ts' },
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  minify: true,
  sourcemap: true,
  dts: { sourcemap: false },
  fixedExtension: false,
  // Where servers render components, this one is the browser's.
  banner: { js: "'use client';" },
});
