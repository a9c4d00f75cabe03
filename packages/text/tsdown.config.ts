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

/** Entry points that share their code, but with the others only what an error is. */
function together(entry: Record<string, string>): UserConfig {
  return {
    ...common,
    entry,
    clean: false,
    // What they share lies beside them, and is theirs alone.
    outputOptions: { chunkFileNames: '[name].js' },
    plugins: [
      {
        name: 'error',
        resolveId: (id) => (id === './error.ts' ? { id: './error.js', external: true } : undefined),
      },
    ],
  };
}

export default defineConfig([
  { ...common, entry: { error: 'src/error.ts' } },
  together({ text: 'src/index.ts', saved: 'src/saved.ts', past: 'src/past.ts', anchor: 'src/anchor.ts' }),
  together({ log: 'src/log.ts' }),
  together({ op: 'src/transform.ts' }),
]);
