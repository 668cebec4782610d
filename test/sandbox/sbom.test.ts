import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { productionPackages, productionSbom } from '../../sandbox/sbom.ts';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  name: string;
  version: string;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
};
const sbom = productionSbom();
const named = sbom.components.map(({ name, version }) => `${name}@${version}`);
const names = new Set(sbom.components.map(({ name }) => name));

describe('the SBOM', () => {
  it('is CycloneDX and about this agent', () => {
    expect(sbom).toMatchObject({
      bomFormat: 'CycloneDX',
      specVersion: expect.stringMatching(/^1\.[5-9]$/),
      metadata: {
        component: {
          type: 'application',
          name: manifest.name,
          version: manifest.version,
          licenses: [{ license: { id: 'Apache-2.0' } }],
        },
      },
    });
  });

  it('has each package that a production installation has, once, and no other', () => {
    expect(named.toSorted()).toEqual([...productionPackages()].toSorted());
    expect(named.length).toBeGreaterThan(100);
  });

  it('has every runtime dependency', () => {
    expect(Object.keys(manifest.dependencies).filter((name) => !names.has(name))).toEqual([]);
  });

  it('has no development dependency', () => {
    expect(Object.keys(manifest.devDependencies).filter((name) => names.has(name))).toEqual([]);
  });

  it('names a hash and a licence for each package', () => {
    for (const component of sbom.components) {
      expect(component).toMatchObject({
        purl: expect.stringMatching(/^pkg:npm\//),
        hashes: [{ alg: 'SHA-512', content: expect.stringMatching(/^[0-9a-f]{128}$/) }],
        licenses: [expect.anything()],
      });
    }
  });

  it('tells of each package what it needs, from the agent down to all of them', () => {
    const needs = new Map(sbom.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
    const reached = new Set<string>();
    const walk = (ref: string) => {
      if (reached.has(ref)) return;
      reached.add(ref);
      for (const next of needs.get(ref) ?? []) walk(next);
    };
    walk(sbom.metadata.component['bom-ref']);
    expect(sbom.components.filter((one) => !reached.has(one['bom-ref'])).map(({ name }) => name)).toEqual([]);
  });
});
