import { defineConfig, type UserConfig } from 'tsdown';

const common: UserConfig = {
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  minify: true,
  sourcemap: true,
  dts: { sourcemap: false },
  fixedExtension: false,
};

export default defineConfig([
  {
    ...common,
    entry: { client: 'src/index.ts', testing: 'src/testing/index.ts' },
    // fallback.js is loaded by client.js when it is needed, wherever the two are served.
    outputOptions: { chunkFileNames: '[name].js' },
  },
  // Each a module of its own, of use without the client.
  { ...common, entry: { network: 'src/network.ts' }, clean: false },
  { ...common, entry: { banner: 'src/banner.ts' }, clean: false },
  { ...common, entry: { optimistic: 'src/optimistic.ts' }, clean: false },
  {
    ...common,
    // One module with the engine in it, which takes the rest from client.js beside it.
    entry: { text: 'src/text.ts' },
    clean: false,
    plugins: [
      {
        name: 'client',
        resolveId: (id) =>
          /^\.\.?\/index\.ts$/.test(id) ? { id: './client.js', external: true } : undefined,
      },
    ],
  },
]);
