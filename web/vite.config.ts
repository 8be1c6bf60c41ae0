import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** Builds the viewer into web/dist; everything it needs is inside, so that it runs with no internet. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/',
  publicDir: false,
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // No data: URLs: the page's content security policy allows files of this server only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1600,
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  server: {
    proxy: {
      '/v1': 'http://127.0.0.1:8080',
      '/collections': 'http://127.0.0.1:8080',
    },
  },
});
