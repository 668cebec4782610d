import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';

const ajv = new Ajv2020({
  allErrors: true,
  strict: true,
  strictRequired: false,
  validateFormats: false,
  allowUnionTypes: true,
});

export type SchemaName = 'user' | 'repository' | 'batch';

/** A published schema as JSON. */
export function schemaOf(name: SchemaName): Record<string, unknown> {
  const file = new URL(`../../src/inventory/schema/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
}

for (const name of ['user', 'repository', 'batch'] as const) ajv.addSchema(schemaOf(name), name);

/** What keeps a value from being as the schema says; empty when nothing does. */
export function schemaFlaws(name: SchemaName, value: unknown): readonly string[] {
  const validate = ajv.getSchema(name);
  if (validate === undefined) throw new Error(`no schema ${name}`);
  return validate(value) === true
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
}
