import { defineConfig } from 'tsdown';

export default defineConfig({
  entry: { client: 'src/index.ts', testing: 'src/testing/index.ts' },
  // fallback.js is loaded by client.js when it is needed, wherever the two are served.
  outputOptions: { chunkFileNames: '[name].js' },
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  minify: true,
  sourcemap: true,
  dts: { sourcemap: false },
  fixedExtension: false,
});
