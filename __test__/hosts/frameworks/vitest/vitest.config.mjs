import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.spec.mjs'],
    maxWorkers: 2,
    testTimeout: 120_000,
    // As it is with an installed package.
    server: { deps: { external: [/\/(index|checks|inside)\.js$/] } },
  },
});
