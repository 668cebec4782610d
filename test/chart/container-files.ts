import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Container, PodTemplate } from './pods.ts';
import type { Manifest } from './render.ts';

/** Gives the content for a file of a Secret or ConfigMap that the render only names. */
export type Sample = (variable: string) => string;

interface Source {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  readonly items?: ReadonlyArray<{ readonly key: string; readonly path: string }>;
}

/**
 * A container's variables with the files they name below a folder that stands for its root, as a kubelet would lay
 * them out.
 */
export function layOut(
  container: Container,
  pod: PodTemplate,
  { manifests, root, sample }: { manifests: readonly Manifest[]; root: string; sample: Sample },
): { readonly env: Record<string, string>; readonly flaws: string[] } {
  const flaws: string[] = [];
  const mounts = container.volumeMounts ?? [];
  const foreign = new Set<string>();
  for (const { name, mountPath, subPath } of mounts) {
    const volume = pod.spec.volumes?.find((one: { name: string }) => one.name === name);
    mkdirSync(join(root, mountPath, '..'), { recursive: true });
    for (const source of sourcesOf(volume)) {
      const data = dataOf(source, manifests);
      const at = (path: string) => (subPath === undefined ? join(mountPath, path) : mountPath);
      if (data === null) {
        if (source.items === undefined) foreign.add(mountPath);
        for (const { path } of source.items ?? []) foreign.add(at(path));
        continue;
      }
      const items = source.items ?? Object.keys(data).map((key) => ({ key, path: key }));
      for (const { key, path } of items) {
        const text = data[key];
        if (text === undefined) flaws.push(`${source.kind}/${source.name} has no key ${key}`);
        else if (subPath === undefined || subPath === path) write(join(root, at(path)), text);
      }
    }
  }
  const env = Object.fromEntries(
    (container.env ?? []).map(({ name, value }) => [name, value ?? sample(name)]),
  );
  for (const [name, value] of Object.entries(env)) {
    if (!mounts.some(({ mountPath }) => value === mountPath || value.startsWith(`${mountPath}/`))) continue;
    const place = join(root, value);
    const named = [...foreign].some((path) => value === path || value.startsWith(`${path}/`));
    if (named && !existsSync(place)) write(place, sample(name.replace(/_FILE$/, '')));
    env[name] = place;
  }
  return { env, flaws };
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

// biome-ignore lint/suspicious/noExplicitAny: the schemas of Kubernetes have judged the shape before.
function sourcesOf(volume: any): Source[] {
  const { secret, configMap, projected } = volume ?? {};
  if (secret !== undefined) return [{ kind: 'Secret', name: secret.secretName, items: secret.items }];
  if (configMap !== undefined) return [{ kind: 'ConfigMap', name: configMap.name, items: configMap.items }];
  return (projected?.sources ?? []).flatMap((source: Record<string, Omit<Source, 'kind'>>) => [
    ...(source.secret === undefined ? [] : [{ ...source.secret, kind: 'Secret' as const }]),
    ...(source.configMap === undefined ? [] : [{ ...source.configMap, kind: 'ConfigMap' as const }]),
  ]);
}

/** `null` for one that the render only names. */
function dataOf({ kind, name }: Source, manifests: readonly Manifest[]): Record<string, string> | null {
  const manifest = manifests.find((one) => one.kind === kind && one.metadata.name === name);
  if (manifest === undefined) return null;
  const { data = {}, stringData = {} } = manifest;
  if (kind === 'ConfigMap') return data;
  const decoded = Object.entries(data as Record<string, string>).map(([key, value]) => [
    key,
    Buffer.from(value, 'base64').toString('utf8'),
  ]);
  return { ...Object.fromEntries(decoded), ...stringData };
}
