import type { ReceivedRequest } from './receiver.ts';

const MOST_MEMBERS = 500;
const MOST_BYTES = 1024 * 1024;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const META_KEYS = new Set([
  'schema',
  'profile',
  'service_type',
  'run_id',
  'sequence',
  'kind',
  'deleted',
  'final',
]);

interface Named {
  readonly type: 'user' | 'repository';
  readonly id: string;
}

/** A batch's body, and the key it came with. */
export interface EssentialsBatch {
  readonly key: string;
  readonly data: readonly (Named & { readonly attributes: Readonly<Record<string, unknown>> })[];
  readonly meta: {
    readonly profile: string;
    readonly service_type: string;
    readonly run_id: string;
    readonly sequence: number;
    readonly kind: 'snapshot' | 'delta';
    readonly deleted: readonly Named[];
    readonly final?: {
      readonly users: number | null;
      readonly repositories: number | null;
      readonly skipped: number;
    };
  };
}

/** The batch, or a sentence that says what is wrong with it. */
export function readBatch(body: Buffer, headers: ReceivedRequest['headers']): EssentialsBatch | string {
  const key = headers['idempotency-key'];
  const type = headers['content-type'];
  if (typeof key !== 'string') return 'no Idempotency-Key';
  if (type !== 'application/vnd.api+json') return `${key}: Content-Type ${type}`;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return `${key}: the body is not JSON in UTF-8`;
  }
  const flaw = bodyFlaw(value, key, body.length);
  return flaw === null ? { ...(value as Omit<EssentialsBatch, 'key'>), key } : `${key}: ${flaw}`;
}

function bodyFlaw(value: unknown, key: string, bytes: number): string | null {
  if (!isRecord(value) || Object.keys(value).join() !== 'data,meta') return 'the body is not {data, meta}';
  const { data, meta } = value;
  if (!Array.isArray(data) || !data.every(isResource)) return 'data is not an array of resources';
  if (!isRecord(meta)) return 'meta is no object';
  const { deleted, final } = meta;
  if (!Array.isArray(deleted) || !deleted.every((item) => isNamed(item, 2)))
    return 'deleted is no array of names';
  const members: readonly Named[] = [...data, ...deleted];
  if (members.length > MOST_MEMBERS) return `${members.length} members`;
  if (members.length > 1 && bytes > MOST_BYTES) return `${bytes} bytes`;
  if (new Set(members.map(({ id }) => id)).size < members.length) return 'an id occurs twice';
  if (final !== undefined && !isFinal(final)) return 'final is not {users, repositories, skipped}';
  if ((final === undefined) !== members.length > 0) return 'final belongs into a batch without members';
  return metaFlaw(meta, key);
}

function metaFlaw(meta: Readonly<Record<string, unknown>>, key: string): string | null {
  const { schema, profile, service_type, run_id, sequence, kind } = meta;
  const unknown = Object.keys(meta).find((name) => !META_KEYS.has(name));
  if (unknown !== undefined) return `meta.${unknown} is unknown`;
  if (schema !== 'essentials.bitbucket/v1') return `schema ${schema}`;
  if (typeof profile !== 'string' || profile === '') return 'no profile';
  if (typeof service_type !== 'string' || service_type === '') return 'no service_type';
  if (typeof run_id !== 'string' || !UUID.test(run_id)) return 'run_id is no UUID';
  if (!isCount(sequence) || sequence === 0) return 'sequence is no number from 1 on';
  if (kind !== 'snapshot' && kind !== 'delta') return `kind ${kind}`;
  return key === `${run_id}:${sequence}` ? null : 'the key is not {run_id}:{sequence}';
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

function isNamed(value: unknown, keys: number): value is Named {
  if (!isRecord(value) || Object.keys(value).length !== keys) return false;
  const { type, id } = value;
  return (type === 'user' || type === 'repository') && typeof id === 'string' && UUID.test(id);
}

const isResource = (value: unknown): boolean =>
  isNamed(value, 3) && 'attributes' in value && isRecord(value.attributes);

function isFinal(value: unknown): boolean {
  if (!isRecord(value) || Object.keys(value).length !== 3) return false;
  const { users, repositories, skipped } = value;
  return [users, repositories].every((count) => count === null || isCount(count)) && isCount(skipped);
}
