import { defineConfig } from "vite";

// Everything is a file of our own: no data: addresses, so that `default-src 'self'` suffices.
export default defineConfig({
  base: "./",
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, cssCodeSplit: false },
  server: { host: "127.0.0.1", proxy: { "/api": "http://127.0.0.1:7190", "/login": "http://127.0.0.1:7190" } },
});
