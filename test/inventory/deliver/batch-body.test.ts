import { describe, expect, it } from '@jest/globals';
import { draftBatch, draftManifest, MOST_BYTES } from '../../../src/inventory/deliver/batch-body.ts';
import { BatchSizes } from '../../../src/inventory/deliver/batch-sizes.ts';
import { createEntityIds } from '../../../src/inventory/entity-id.ts';
import type { Pending } from '../../../src/inventory/ledger/ledger.ts';

const ids = createEntityIds('https://bitbucket.example.com');
const frame = {
  profile: 'Main "Bitbucket"',
  serviceType: 'on-premises',
  runId: '5b1c3a52-3a4e-4d4c-9a53-6f0c3b0a7d11',
  kind: 'delta',
} as const;

const user = (sourceId: number, record: string | null): Pending => ({ type: 'user', sourceId, record });
const ofBytes = (sourceId: number, bytes: number) => user(sourceId, JSON.stringify('x'.repeat(bytes - 2)));

describe('a batch', () => {
  it('is the stored records, byte for byte, and what the run says of itself', () => {
    const record = '{"name":"Zoë \\u2028","odd":1.50}';
    const waiting: Pending[] = [user(7, record), { type: 'repository', sourceId: 9, record: null }];
    const { members, body } = draftBatch(frame, waiting, ids);
    expect(members).toEqual(waiting);
    const meta = `{"schema":"essentials.bitbucket/v1","profile":"Main \\"Bitbucket\\"","service_type":"on-premises","run_id":"${frame.runId}","sequence":3,"kind":"delta","deleted":[{"type":"repository","id":"${ids('repository', 9)}"}]}`;
    expect(body(3).toString()).toBe(
      `{"data":[{"type":"user","id":"${ids('user', 7)}","attributes":${record}}],"meta":${meta}}`,
    );
  });

  it('has an empty data where it holds tombstones only', () => {
    const { body } = draftBatch(frame, [user(1, null), user(2, null)], ids);
    const { data, meta } = JSON.parse(body(1).toString());
    expect(data).toEqual([]);
    expect(meta.deleted).toHaveLength(2);
    expect(meta).not.toHaveProperty('final');
  });

  it('holds 500 members at most, tombstones counted', () => {
    const waiting = Array.from({ length: 620 }, (_, index) => user(index, index % 2 === 0 ? '{}' : null));
    const { members, body } = draftBatch(frame, waiting, ids);
    expect(members).toEqual(waiting.slice(0, 500));
    const { data, meta } = JSON.parse(body(1).toString());
    expect([data.length, meta.deleted.length]).toEqual([250, 250]);
  });

  it('fills 1 MiB and goes no byte beyond, whatever its sequence', () => {
    const sizes = (last: number) => {
      const waiting = [ofBytes(1, 600_000), ofBytes(2, last)];
      const { members, body } = draftBatch(frame, waiting, ids);
      return [members.length, body(Number.MAX_SAFE_INTEGER).length];
    };
    const room = MOST_BYTES - (sizes(400_000)[1] ?? 0) + 400_000;
    const fitting = Array.from({ length: 8 }, (_, index) => sizes(room - 4 + index)).filter(
      ([members]) => members === 2,
    );
    expect(fitting.length).toBeGreaterThan(0);
    expect(fitting.length).toBeLessThan(8);
    expect(Math.max(...fitting.map(([, bytes]) => bytes ?? 0))).toBeLessThanOrEqual(MOST_BYTES);
    expect(Math.max(...fitting.map(([, bytes]) => bytes ?? 0))).toBeGreaterThan(MOST_BYTES - 8);
  });

  it('counts bytes, not characters', () => {
    const wide = JSON.stringify('語'.repeat(200_000));
    const { members } = draftBatch(frame, [user(1, wide), user(2, wide)], ids);
    expect(members).toHaveLength(1);
  });

  it('holds a record alone that is larger than all', () => {
    const { members, body } = draftBatch(frame, [ofBytes(1, 2 * MOST_BYTES), user(2, '{}')], ids);
    expect(members.map(({ sourceId }) => sourceId)).toEqual([1]);
    expect(body(1).length).toBeGreaterThan(2 * MOST_BYTES);
  });

  it('is the manifest when it has no members', () => {
    const seen = { users: null, repositories: 12, skipped: 1, skippedBy: { 'repository:no-id': 1 } };
    const { data, meta } = JSON.parse(draftManifest(frame, seen).body(9).toString());
    expect(data).toEqual([]);
    expect(meta).toMatchObject({
      sequence: 9,
      deleted: [],
      final: { users: null, repositories: 12, skipped: 1 },
    });
    expect(Object.keys(meta.final)).toEqual(['users', 'repositories', 'skipped']);
  });
});

describe('batch sizes', () => {
  it('learn a limit from what was refused and what passed', () => {
    const sizes = new BatchSizes();
    sizes.accepted(900_000);
    expect(sizes.mostBytes).toBe(MOST_BYTES);
    sizes.refused(1_000_000);
    expect(sizes.mostBytes).toBe(900_000);
    sizes.refused(400_000);
    expect(sizes.mostBytes).toBe(200_000);
    sizes.accepted(250_000);
    expect(sizes.mostBytes).toBe(250_000);
  });
});
