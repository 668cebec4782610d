import { declared } from '../../../src/config/schema.ts';
import { containersOf, podsIn } from '../pods.ts';
import type { Manifest, Render } from '../render.ts';
import type { Check } from './check.ts';

/** Shorter ones, such as a user's name, are words that stand elsewhere too. */
const SHORTEST = 8;

/** That no secret stands anywhere but in Secrets: not in a ConfigMap, an argument, a variable, an annotation. */
export const secrets: Check = ({ manifests }) => [...elsewhere(manifests), ...inVariables(manifests)];

function elsewhere(manifests: readonly Manifest[]): string[] {
  const texts = secretTexts({ manifests }).filter(({ text }) => text.length >= SHORTEST);
  return manifests
    .filter(({ kind }) => kind !== 'Secret')
    .flatMap((manifest) => {
      const shown = JSON.stringify(manifest);
      return texts
        .filter(
          ({ text }) => shown.includes(JSON.stringify(text).slice(1, -1)) || shown.includes(base64(text)),
        )
        .map(({ key }) => `${manifest.kind}/${manifest.metadata.name} shows ${key}`);
    });
}

const base64 = (text: string): string => Buffer.from(text).toString('base64').replace(/=+$/, '');

/** What stands in the Secrets of a render, by key. */
export function secretTexts({ manifests }: Pick<Render, 'manifests'>): Array<{ key: string; text: string }> {
  return manifests
    .filter(({ kind }) => kind === 'Secret')
    .flatMap(({ data = {}, stringData = {} }) => [
      ...Object.entries(data as Record<string, string>).map(([key, value]) => ({
        key,
        text: Buffer.from(value, 'base64').toString('utf8'),
      })),
      ...Object.entries(stringData as Record<string, string>).map(([key, text]) => ({ key, text })),
    ]);
}

function inVariables(manifests: readonly Manifest[]): string[] {
  return podsIn(manifests).flatMap((pod) =>
    containersOf(pod).flatMap(({ env = [] }) =>
      env
        .filter(({ name }) => declared(name)?.secret === true)
        .map(({ name }) => `${pod.owner} has ${name} as a variable; it must be ${name}_FILE`),
    ),
  );
}
