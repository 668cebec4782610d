import base from './jest.config.js';

/** `npm run test:image`: builds the image and runs it. It takes minutes and needs buildah and podman. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/image/*.image.ts'],
  globalSetup: '<rootDir>/test/image/build.ts',
  maxWorkers: 1,
  testTimeout: 120_000,
  verbose: true,
};
