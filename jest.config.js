/** Node's own type stripping turns TypeScript into ES modules; nothing is bundled or down-levelled. */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/kit/strip-types.js' },
  // On two cores: tests wait for processes of their own much of the time.
  maxWorkers: 3,
  testTimeout: 30_000,
};
