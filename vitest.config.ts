import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores: more workers than that only make the databases of the store tests wait for each other.
    maxWorkers: 2,
    reporters: ['default'],
  },
});
