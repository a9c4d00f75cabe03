import { defineConfig } from 'vite';
import { files, navigation } from './pages.ts';

const server = 'http://127.0.0.1:8080';

export default defineConfig({
  base: './',
  plugins: [navigation()],
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: files,
      // 'use client' in @tutti/react is for those who render on a server.
      onLog: (level, log, handle) => log.code === 'MODULE_LEVEL_DIRECTIVE' || handle(level, log),
    },
  },
  server: { proxy: { '/v1': { target: server, ws: true } } },
});
