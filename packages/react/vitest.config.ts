import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { name: 'react 19', environment: 'happy-dom' } });
