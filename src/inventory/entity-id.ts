import { hash } from 'node:crypto';
import type { EntityType } from './entity.ts';

/** The namespace for URLs, RFC 9562 appendix C. */
const URL_NAMESPACE = Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex');

/** The id of an entity: the same for the same Bitbucket, type and numeric id, on every machine and in every run. */
export type EntityIds = (type: EntityType, sourceId: number) => string;

/**
 * Ids for the entities of one Bitbucket: UUIDv5 (RFC 9562, section 5.5) of `TYPE:NUMBER` in a namespace that is
 * itself the UUIDv5 of the base URL in the namespace for URLs.
 * @param baseUrl without a slash at its end. Another spelling of it gives other ids.
 */
export function createEntityIds(baseUrl: string): EntityIds {
  const namespace = digest(URL_NAMESPACE, baseUrl);
  return (type, sourceId) => uuidText(digest(namespace, `${type}:${sourceId}`));
}

/** One id; for many of one Bitbucket `createEntityIds` is quicker. */
export function entityId(baseUrl: string, type: EntityType, sourceId: number): string {
  return createEntityIds(baseUrl)(type, sourceId);
}

function digest(namespace: Buffer, name: string): Buffer {
  const bytes = hash('sha1', Buffer.concat([namespace, Buffer.from(name)]), 'buffer').subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes;
}

function uuidText(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
