import { defineConfig, type UserConfig } from 'tsdown';

const common: UserConfig = {
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  minify: true,
  sourcemap: true,
  dts: { sourcemap: false },
  fixedExtension: false,
  clean: false,
};

/** Leaves an import of a module that is a file of its own. */
function external(module: RegExp, file: string): { name: string; resolveId(id: string): unknown } {
  return { name: file, resolveId: (id) => (module.test(id) ? { id: file, external: true } : undefined) };
}

/**
 * A client in one module, and in another what it keeps, which takes the errors
 * from it. That, fallback.js and share.js are loaded when they are needed,
 * wherever they are served.
 */
function client(name: string, source: string, keep: string): UserConfig[] {
  return [
    {
      ...common,
      entry: { [name]: source },
      dts: false,
      outputOptions: { chunkFileNames: '[name].js' },
      plugins: [external(/\/keep\.ts$/, `./${keep}.js`), external(/\/share\.ts$/, './share.js')],
    },
    {
      ...common,
      entry: { [keep]: 'src/keep.ts' },
      dts: false,
      plugins: [external(/\/error\.ts$/, `./${name}.js`)],
    },
  ];
}

export default defineConfig([
  // The types of what has types in common.
  {
    ...common,
    entry: {
      client: 'src/index.ts',
      topics: 'src/topics.ts',
      keep: 'src/keep.ts',
      testing: 'src/testing/index.ts',
    },
    dts: { sourcemap: false, emitDtsOnly: true },
    clean: true,
  },
  ...client('client', 'src/index.ts', 'keep'),
  ...client('topics', 'src/topics.ts', 'keep-topics'),
  {
    ...common,
    entry: { share: 'src/share.ts' },
    dts: false,
    plugins: [external(/\/share-worker\.ts$/, './share-worker.js')],
  },
  // The script of a worker, which the tab that stands in for one loads too.
  { ...common, entry: { 'share-worker': 'src/share-worker.ts' }, dts: false },
  // Each a module of its own, of use without the client.
  { ...common, entry: { testing: 'src/testing/index.ts' }, dts: false },
  { ...common, entry: { network: 'src/network.ts' } },
  { ...common, entry: { banner: 'src/banner.ts' } },
  { ...common, entry: { optimistic: 'src/optimistic.ts' } },
  {
    ...common,
    // One module with the engine in it, which takes the rest from client.js beside it.
    entry: { text: 'src/text.ts' },
    plugins: [external(/^\.\.?\/index\.ts$/, './client.js')],
  },
]);
