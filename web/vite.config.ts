import { defineConfig } from 'vite';

const server = 'http://127.0.0.1:8080';

export default defineConfig({
  base: './',
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: [
        'index.html',
        'crdts.html',
        'todos.html',
        'react.html',
        'texts.html',
        'offline.html',
        'presence.html',
      ],
      // 'use client' in @tutti/react is for those who render on a server.
      onLog: (level, log, handle) => log.code === 'MODULE_LEVEL_DIRECTIVE' || handle(level, log),
    },
  },
  server: { proxy: { '/v1': { target: server, ws: true } } },
});
