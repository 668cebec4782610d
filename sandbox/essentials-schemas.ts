import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';

type EntityType = 'user' | 'repository';

/** The patterns beside each `format` say the same. */
const ajv = new Ajv2020({
  strict: true,
  strictRequired: false,
  validateFormats: false,
  allowUnionTypes: true,
});

const validators = { user: compiled('user'), repository: compiled('repository') };

/** What keeps a resource from being as its published schema says; `null`: nothing does. */
export function resourceFlaw(resource: { readonly type: EntityType }): string | null {
  const validate = validators[resource.type];
  if (validate(resource)) return null;
  const [first] = validate.errors ?? [];
  return `${first?.instancePath} ${first?.message}`;
}

function compiled(type: EntityType) {
  const file = new URL(`../src/inventory/schema/${type}.json`, import.meta.url);
  return ajv.compile(JSON.parse(readFileSync(file, 'utf8')));
}
