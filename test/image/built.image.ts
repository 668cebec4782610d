import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { productionPackages } from '../../sandbox/sbom.ts';
import { DEBUG_IMAGE, HARDENED, IMAGE, inContainer, must } from './engine.ts';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

/** Runs a script in the image's own node and gives what it writes as JSON. */
async function told(script: string, options: readonly string[] = [], image = IMAGE) {
  const { code, stdout, stderr } = await inContainer([
    ...options,
    '--entrypoint',
    'node',
    image,
    '-e',
    script,
  ]);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** Every path of a real file system; not of the kernel's own. */
const WALK = `
const { lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const all = [];
const walk = (folder) => {
  let names = [];
  try { names = readdirSync(folder); } catch {}
  for (const name of names) {
    const path = join(folder, name);
    if (['/proc', '/sys', '/dev'].includes(path)) continue;
    const stat = lstatSync(path);
    all.push({ path, stat });
    if (stat.isDirectory()) walk(path);
  }
};
walk('/');
const tell = (value) => process.stdout.write(JSON.stringify(value));`;

const WRITABLE = `${WALK}
tell(all.filter(({ stat }) => stat.isDirectory()).map(({ path }) => path).filter((path) => {
  const file = join(path, '.try');
  try { writeFileSync(file, ''); } catch { return false; }
  rmSync(file);
  return true;
}).sort());`;

describe.each([
  ['the image', IMAGE],
  ['the debug image', DEBUG_IMAGE],
])('%s', (_, image) => {
  it('says what it is and how it is started', async () => {
    const [{ Config: config, Healthcheck: healthcheck, Architecture: architecture }] = JSON.parse(
      await must('podman', ['image', 'inspect', image]),
    );
    expect(architecture).not.toBe('');
    expect(config).toMatchObject({
      User: '65532:65532',
      WorkingDir: '/app',
      Entrypoint: ['node', '/app/dist/cli.js'],
      Cmd: ['run'],
      StopSignal: 'SIGTERM',
      ExposedPorts: { '8000/tcp': {} },
    });
    expect(healthcheck.Test).toEqual(['CMD', 'node', '/app/dist/cli.js', 'healthcheck']);
    expect(config.Volumes ?? {}).toEqual({});
    expect(config.Labels).toMatchObject({
      'org.opencontainers.image.title': image === IMAGE ? 'bitbucket-agent' : 'bitbucket-agent (debug)',
      'org.opencontainers.image.description': manifest.description,
      'org.opencontainers.image.licenses': manifest.license,
      'org.opencontainers.image.version': manifest.version,
    });
  });

  it('is of this version, and tells what is missing with exit code 2', async () => {
    expect((await inContainer([...HARDENED, image, '--version'])).stdout).toBe(`${manifest.version}\n`);
    const nothing = await inContainer([...HARDENED, image]);
    expect(nothing).toMatchObject({ code: 2, stderr: expect.stringContaining('BROKER_TOKEN: is not set') });
  });

  it('has two places to write in, and nothing else, when its root is read-only', async () => {
    expect(await told(WRITABLE, HARDENED, image)).toEqual(['/tmp', '/var/lib/bitbucket-agent']);
  });

  it('has no other place that its user may change, even when its root is not read-only', async () => {
    const places: string[] = await told(WRITABLE, [], image);
    const meant = /^\/(tmp|var\/tmp|var\/lib\/bitbucket-agent|home\/nonroot|(run|var)\/lock)$/;
    expect(places).toContain('/var/lib/bitbucket-agent');
    expect(places.filter((path) => !meant.test(path))).toEqual([]);
  });

  it('has an application that only root may change', async () => {
    const script = `${WALK}
      tell(all.filter(({ path, stat }) => path.startsWith('/app') && !stat.isSymbolicLink() && (stat.uid !== 0 || stat.gid !== 0 || (stat.mode & 0o022) !== 0)).map(({ path }) => path));`;
    expect(await told(script, [], image)).toEqual([]);
  });
});

describe('the image', () => {
  it('has no shell, no package manager and nothing to fetch with', async () => {
    const script = `${WALK}
      const unwanted = new Set(['sh', 'bash', 'dash', 'ash', 'busybox', 'npm', 'npx', 'yarn', 'corepack', 'apt', 'apt-get', 'dpkg', 'apk', 'curl', 'wget', 'perl', 'python3']);
      tell(all.filter(({ path, stat }) => !stat.isDirectory() && unwanted.has(path.slice(path.lastIndexOf('/') + 1))).map(({ path }) => path));`;
    expect(await told(script)).toEqual([]);
    const shell = await inContainer(['--entrypoint', '/bin/sh', IMAGE, '-c', 'true']);
    expect(shell.code).toBeGreaterThan(125);
  });

  it('has what production needs of its dependencies, nothing for development and no file of the machine that built it', async () => {
    const notices = `process.stdout.write(JSON.stringify(require('node:fs').readFileSync('/app/dist/THIRD-PARTY-LICENSES.txt', 'utf8')));`;
    const packages = Array.from(
      String(await told(notices)).matchAll(/^(\S+) (\S+) \(.*\)\n-{78}$/gm),
      ([, name, version]) => `${name}@${version}`,
    );
    const production = productionPackages();
    expect(packages).toContain([...production].find((name) => name.startsWith('ws@')));
    expect(packages.filter((name) => !production.has(name))).toEqual([]);
    const places = await told(`${WALK}
      tell(all.map(({ path }) => path).filter((path) => /^\\/app\\/[^/]+$/.test(path)).sort());`);
    expect(places).toEqual(
      ['LICENSE', 'config', 'dist', 'package.json', 'src'].map((name) => `/app/${name}`),
    );
    const sources = await told(`${WALK}
      tell(all.map(({ path }) => path).filter((path) => path.startsWith('/app') && /\\.([mc]?ts|map)$|\\/\\.(env|npmrc|git)$/.test(path)));`);
    expect(sources).toEqual([]);
  });

  it('keeps the state folder for the agent alone', async () => {
    const script = `const { statSync } = require('node:fs');
      const { uid, gid, mode } = statSync('/var/lib/bitbucket-agent');
      process.stdout.write(JSON.stringify({ uid, gid, mode: (mode & 0o777).toString(8) }));`;
    expect(await told(script, HARDENED)).toEqual({ uid: 65532, gid: 65532, mode: '700' });
  });
});

describe('the debug image', () => {
  it('has a shell, for the same user', async () => {
    const { stdout } = await inContainer([
      ...HARDENED,
      '--entrypoint',
      '/bin/sh',
      DEBUG_IMAGE,
      '-c',
      'id -u; pwd',
    ]);
    expect(stdout).toBe('65532\n/app\n');
  });
});
