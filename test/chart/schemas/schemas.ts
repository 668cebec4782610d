import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { cached } from '../cache.ts';
import { goModule } from '../tools.ts';
import { KUBERNETES, type KubernetesSource, PROMETHEUS_OPERATOR } from './sources.ts';
import {
  type Definitions,
  type KindOf,
  kindsIn,
  type Schema,
  schemaOfKind,
  schemaOfResource,
} from './strict.ts';

/** Schemas in files, as kubeconform reads them. */
export interface Schemas {
  /** For `-schema-location`. */
  readonly location: string;
  /** `group/version/Kind` of everything the Kubernetes of that version serves; the core group is `v1/Kind`. */
  apiVersions(version: string): readonly string[];
}

/** Any change of how schemas are made asks for new ones. */
const MAKERS = ['./strict.ts', './schemas.ts', './sources.ts'];
const API_VERSIONS = 'api-versions.json';

/** Makes them where the cache has none: half a minute and some 100 MB of Go modules for each version. */
export async function chartSchemas(): Promise<Schemas> {
  const hash = createHash('sha256');
  for (const maker of MAKERS) hash.update(readFileSync(new URL(maker, import.meta.url)));
  const folder = await cached({ kind: 'schemas', key: hash.digest('hex').slice(0, 16) }, make);
  return {
    location: `${folder}/{{ .NormalizedKubernetesVersion }}/{{ .ResourceKind }}{{ .KindSuffix }}.json`,
    apiVersions: (version) => JSON.parse(readFileSync(join(folder, `v${version}`, API_VERSIONS), 'utf8')),
  };
}

async function make(folder: string): Promise<void> {
  process.stderr.write('Making the schemas of Kubernetes once …\n');
  const { module, version, sum } = PROMETHEUS_OPERATOR;
  const operator = await goModule(module, version, sum);
  for (const source of KUBERNETES) {
    await makeVersion(join(folder, `v${source.version}`), source, operator);
  }
}

async function makeVersion(folder: string, source: KubernetesSource, operator: string): Promise<void> {
  const kubernetes = await goModule('k8s.io/kubernetes', `v${source.version}`, source.sum);
  const document = JSON.parse(readFileSync(join(kubernetes, 'api/openapi-spec/swagger.json'), 'utf8'));
  const definitions = (document as { definitions: Definitions }).definitions;
  mkdirSync(folder, { recursive: true });
  const write = (kind: KindOf, schema: Schema) =>
    writeFileSync(join(folder, fileOf(kind)), JSON.stringify(schema));
  const kinds = kindsIn(definitions);
  for (const kind of kinds) write(kind, schemaOfKind(definitions, kind));
  const name = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
  const { definitions: parts } = schemaOfKind(definitions, { name, group: '', version: 'v1', kind: '' });
  const metadata: Schema = { $ref: `#/definitions/${name}`, definitions: parts };
  const resources = PROMETHEUS_OPERATOR.files.flatMap((file) =>
    resourcesIn(readFileSync(join(operator, PROMETHEUS_OPERATOR.folder, file), 'utf8')),
  );
  for (const { kind, schema } of resources) write(kind, schemaOfResource(schema, kind, metadata));
  const served = [...kinds, ...resources.map(({ kind }) => kind)].map(({ group, version, kind }) =>
    [group, version, kind].filter((part) => part !== '').join('/'),
  );
  writeFileSync(join(folder, API_VERSIONS), JSON.stringify(served));
}

function resourcesIn(text: string): Array<{ readonly kind: KindOf; readonly schema: Schema }> {
  const { spec } = parse(text) as {
    spec: {
      group: string;
      names: { kind: string };
      versions: Array<{ name: string; schema: { openAPIV3Schema: Schema } }>;
    };
  };
  return spec.versions.map(({ name, schema }) => ({
    kind: { group: spec.group, version: name, kind: spec.names.kind },
    schema: schema.openAPIV3Schema,
  }));
}

/** As kubeconform's `{{ .ResourceKind }}{{ .KindSuffix }}` has it: the group's first word only. */
function fileOf({ group, version, kind }: KindOf): string {
  const words = [kind, group.split('.')[0] ?? '', version].filter((word) => word !== '');
  return `${words.join('-').toLowerCase()}.json`;
}
