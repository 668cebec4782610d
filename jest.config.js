/** Node's own type stripping turns TypeScript into ES modules; nothing is bundled or down-levelled. */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/kit/strip-types.js' },
  maxWorkers: 2,
  testTimeout: 30_000,
};
