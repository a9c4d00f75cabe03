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

/** Leaves an import of a module that is a file of its own. */
function external(module: RegExp, file: string): { name: string; resolveId(id: string): unknown } {
  return { name: file, resolveId: (id) => (module.test(id) ? { id: file, external: true } : undefined) };
}

export default defineConfig([
  {
    ...common,
    entry: { client: 'src/index.ts', testing: 'src/testing/index.ts' },
    // fallback.js, keep.js and share.js are loaded by client.js when they are needed, wherever they are served.
    outputOptions: { chunkFileNames: '[name].js' },
    plugins: [external(/\/keep\.ts$/, './keep.js'), external(/\/share\.ts$/, './share.js')],
  },
  {
    ...common,
    entry: { keep: 'src/keep.ts' },
    clean: false,
    plugins: [external(/\/(?:index|error)\.ts$/, './client.js')],
  },
  {
    ...common,
    entry: { share: 'src/share.ts' },
    clean: false,
    plugins: [external(/\/share-worker\.ts$/, './share-worker.js')],
  },
  {
    // The script of a worker, which the tab that stands in for one loads too.
    ...common,
    entry: { 'share-worker': 'src/share-worker.ts' },
    clean: false,
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
    plugins: [external(/^\.\.?\/index\.ts$/, './client.js')],
  },
]);
