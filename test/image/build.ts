import { fileURLToPath } from 'node:url';
import { runProgram } from '../kit/program.ts';
import { DEBUG_IMAGE, IMAGE, must } from './engine.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Builds both images before the first test. `NODE_IMAGE` and `RUNTIME_IMAGE` of the environment are other bases,
 * `IMAGE_BUILD_FLAGS` further options of `buildah bud`, by spaces.
 */
export default async function build(): Promise<void> {
  const missing: string[] = [];
  for (const program of ['buildah', 'podman']) {
    await runProgram(program, ['--version']).catch(() => missing.push(program));
  }
  if (missing.length > 0) {
    throw new Error(`npm run test:image needs ${missing.join(' and ')}, which cannot be started here.`);
  }
  const bases = (['NODE_IMAGE', 'RUNTIME_IMAGE'] as const).flatMap((name) => {
    const value = process.env[name] ?? '';
    return value === '' ? [] : ['--build-arg', `${name}=${value}`];
  });
  const flags = (process.env.IMAGE_BUILD_FLAGS ?? '').split(/\s+/).filter((flag) => flag !== '');
  for (const [target, tag] of [
    ['runtime', IMAGE],
    ['debug', DEBUG_IMAGE],
  ] as const) {
    const from = performance.now();
    // HEALTHCHECK is of Docker's format only.
    const which = target === 'runtime' ? [] : ['--target', target];
    await must('buildah', ['bud', '--format', 'docker', ...bases, ...flags, ...which, '--tag', tag, ROOT]);
    process.stdout.write(`built ${tag} in ${((performance.now() - from) / 1000).toFixed(0)} s\n`);
  }
}
