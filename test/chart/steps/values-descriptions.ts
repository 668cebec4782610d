import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, isScalar, parseDocument, type YAMLMap } from 'yaml';
import { CHART } from '../places.ts';
import type { Step } from './step.ts';

interface Node {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
}

export const valuesDescriptions: Step = {
  name: 'the schema describes each value as values.yaml does',
  async run() {
    const schema = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8')) as Node;
    const { contents } = parseDocument(readFileSync(join(CHART, 'values.yaml'), 'utf8'));
    if (!isMap(contents)) return ['values.yaml is no map'];
    const pairs = described(contents, schema, '');
    const differ = pairs.filter(({ comment, description }) => comment !== description);
    return [
      ...(pairs.length > 0 ? [] : ['values.yaml has no comments']),
      ...differ.map(
        ({ path, comment, description }) =>
          `${path}: "${comment}" in values.yaml, "${description ?? ''}" in the schema`,
      ),
    ];
  },
};

interface Described {
  readonly path: string;
  readonly comment: string;
  readonly description: string | undefined;
}

/** The values with a comment of their own, `# -- …`. The first of a map has its comment at the map. */
function described(map: YAMLMap, schema: Node, above: string): Described[] {
  return map.items.flatMap(({ key, value }, index) => {
    if (!isScalar(key)) return [];
    const path = `${above}${String(key.value)}`;
    const next = schema.properties?.[String(key.value)] ?? {};
    const before = (index === 0 ? map.commentBefore : key.commentBefore) ?? '';
    const comment = /^ -- (.*)$/m.exec(before)?.[1];
    const own = comment === undefined ? [] : [{ path, comment, description: next.description }];
    return [...own, ...(isMap(value) && next.properties ? described(value, next, `${path}.`) : [])];
  });
}
