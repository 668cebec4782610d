import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { productionPackages } from '../../sandbox/sbom.ts';
import { flawsOf, last, reachesBuild, readDockerfile } from './dockerfile.ts';

const root = new URL('../../', import.meta.url);
const text = (path: string) => readFileSync(new URL(path, root), 'utf8');
const dockerfile = readDockerfile(text('Dockerfile'));
const manifest = JSON.parse(text('package.json'));
const runtime = dockerfile.stages.at(-1) ?? { base: '', name: null, instructions: [] };

describe('the Dockerfile', () => {
  it('keeps every promise', () => {
    expect(flawsOf(dockerfile)).toEqual([]);
  });

  it('builds on the bases that the documents name, and the version of the package', () => {
    expect(dockerfile.args).toEqual({
      NODE_IMAGE: 'node:24-bookworm-slim',
      RUNTIME_IMAGE: 'gcr.io/distroless/nodejs24-debian12:nonroot',
      VERSION: manifest.version,
    });
    expect(dockerfile.stages.map(({ base, name }) => [name, base])).toEqual([
      ['build', '${NODE_IMAGE}'],
      ['app', '${NODE_IMAGE}'],
      ['debug', '${NODE_IMAGE}'],
      ['runtime', '${RUNTIME_IMAGE}'],
    ]);
  });

  it('starts the agent as everything else expects it to be started', () => {
    expect(JSON.parse(last(runtime, 'ENTRYPOINT') ?? '')).toEqual(['node', '/app/dist/cli.js']);
    expect(JSON.parse(last(runtime, 'CMD') ?? '')).toEqual(['run']);
    expect(last(runtime, 'HEALTHCHECK')).toMatch(/CMD \["node", "\/app\/dist\/cli.js", "healthcheck"\]$/);
    expect(last(runtime, 'USER')).toBe('65532:65532');
    expect(last(runtime, 'WORKDIR')).toBe('/app');
    expect(last(runtime, 'EXPOSE')).toBe('8000');
    expect(last(runtime, 'ENV')).toContain('NODE_ENV=production STATE_DIR=/var/lib/bitbucket-agent');
  });

  it('labels the image with what the package says', () => {
    const labels = last(runtime, 'LABEL') ?? '';
    for (const [name, value] of [
      ['title', manifest.name],
      ['description', manifest.description],
      ['licenses', manifest.license],
      ['version', '${VERSION}'],
      ['revision', '${REVISION}'],
      ['base.name', '${RUNTIME_IMAGE}'],
    ]) {
      expect(labels).toContain(`org.opencontainers.image.${name}="${value}"`);
    }
  });

  it.each<[flaw: string, found: string | RegExp, instead: string]>([
    ['latest', 'node:24-bookworm-slim', 'node:latest'],
    ['no tag', 'node:24-bookworm-slim', 'node'],
    ['USER is not numeric', /USER 65532:65532/g, 'USER nonroot'],
    ['USER is not numeric', /USER 65532:65532/g, 'USER 0:0'],
    ['debug has another USER', 'USER 65532:65532', 'USER 1000:1000'],
    ['ENTRYPOINT is not in exec form', /ENTRYPOINT .*/g, 'ENTRYPOINT node dist/cli.js'],
    ['CMD is not in exec form', /^CMD .*/gm, 'CMD run'],
    [
      'HEALTHCHECK is not in exec form',
      /CMD \["node", .*"healthcheck"\]/g,
      'CMD curl -f localhost:8000/livez',
    ],
    ['HEALTHCHECK has no time limit', / --timeout=5s/g, ''],
    ['STOPSIGNAL', /^STOPSIGNAL .*/gm, ''],
    ['ADD', 'COPY . .', 'ADD . .'],
    ['VOLUME', 'CMD ["run"]', 'VOLUME /var/lib/bitbucket-agent\nCMD ["run"]'],
    ['looks like a secret', 'ARG REVISION', 'ARG NPM_TOKEN\nARG REVISION'],
    ['looks like a secret', 'ENV NODE_ENV', 'ENV BITBUCKET_PASSWORD=x NODE_ENV'],
    ['runs scripts', /npm ci(.*) --ignore-scripts/, 'npm ci$1'],
    ['not by the lock file', 'npm ci --ignore', 'npm install --ignore'],
    ['fetches', 'npm run --silent build', 'curl https://example.com'],
    ['needs BuildKit', 'COPY . .', 'COPY --link . .'],
    ["is not root's", 'COPY --from=app /app /app', 'COPY --from=app --chown=65532 /app /app'],
    ['is not from a stage', 'COPY --from=app /app /app', 'COPY . /app'],
    ['the last stage is not the runtime', /$/, '\nFROM build AS more'],
    ['the runtime has no shell', /ENTRYPOINT .*\nCMD .*\n$/, 'RUN true\n$&'],
  ])('would be found out: %s', (flaw, found, instead) => {
    const broken = text('Dockerfile').replace(found, instead);
    expect(broken).not.toBe(text('Dockerfile'));
    expect(flawsOf(readDockerfile(broken))).toContainEqual(expect.stringContaining(flaw));
  });
});

describe('.dockerignore', () => {
  const ignore = text('.dockerignore');
  const reaches = (path: string) => reachesBuild(ignore, path);

  it.each([
    ...['package.json', 'package-lock.json', 'sandbox/build/dist.ts', 'sandbox/build/undici.js', 'LICENSE'],
    ...['src/cli.ts', 'src/inventory/schema/batch.json', 'config/accept/bitbucket-server.json'],
  ])('lets %s in', (path) => {
    expect(reaches(path)).toBe(true);
  });

  it.each([
    ...[
      '.env',
      'src/.env',
      'config/.env',
      'secrets/BROKER_TOKEN',
      'state/ledger.db',
      'tls.key',
      'src/tls.pem',
    ],
    ...['.git/config', '.npmrc', 'node_modules/ws/index.js', 'dist/cli.js', 'test/image/dockerfile.test.ts'],
    ...['sandbox/stage.ts', 'bench/audit.ts', 'docs/image.md', 'helm/values.yaml', 'sbom.cdx.json'],
  ])('keeps %s out', (path) => {
    expect(reaches(path)).toBe(false);
  });

  it('lets nothing in but the agent itself', () => {
    expect(readdirSync(root).filter(reaches).sort()).toEqual(
      ['LICENSE', 'config', 'package-lock.json', 'package.json', 'src'].sort(),
    );
  });
});

describe('README.md', () => {
  it('counts the packages as the lock file does', () => {
    const counts = [...text('README.md').matchAll(/with what it needs of (\d+) packages/g)].map(([, count]) =>
      Number(count),
    );
    expect(counts).toEqual([productionPackages().size]);
  });
});
