import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { createEssentialsReceiver } from '../../sandbox/essentials-receiver.ts';

const RUN = '5b1c3a52-3a4e-4d4c-9a53-6f0c3b0a7d11';
const LATER = '5b1c3a52-3a4e-4d4c-9a53-6f0c3b0a7d12';
const id = (number: number) => `00000000-0000-5000-8000-${String(number).padStart(12, '0')}`;
const attributesOf = (number: number, type = 'user') =>
  type === 'user' ? { username: `u${number}` } : { name: `r${number}`, full_name: `KEY/r${number}` };
const resource = (number: number, type = 'user') => ({
  type,
  id: id(number),
  attributes: attributesOf(number, type),
});
const renamed = (number: number) => ({ ...resource(number), attributes: { username: 'renamed' } });
const name = (number: number, type = 'user') => ({ type, id: id(number) });

interface Parts {
  readonly run?: string;
  readonly sequence?: number;
  readonly data?: unknown;
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly key?: string;
  readonly type?: string;
  readonly method?: string;
}

function request({ run = RUN, sequence = 1, data = [], meta, key, type, method = 'POST' }: Parts) {
  const whole = {
    schema: 'essentials.bitbucket/v1',
    profile: 'Main',
    service_type: 'on-premises',
    run_id: run,
    sequence,
    kind: 'delta',
    deleted: [],
    ...meta,
  };
  const headers = {
    'content-type': type ?? 'application/vnd.api+json',
    'idempotency-key': key ?? `${run}:${sequence}`,
  };
  return { method, url: '/x', headers, body: Buffer.from(JSON.stringify({ data, meta: whole })) };
}

const final = (users: number | null, repositories: number | null) => ({
  final: { users, repositories, skipped: 0 },
});

function receiver() {
  const received: ReturnType<typeof request>[] = [];
  const model = createEssentialsReceiver({ received });
  const status = (parts: Parts) => {
    received.push(request(parts));
    return model.respond(request(parts)).status;
  };
  /** Another one answers, with what is no success. */
  const refused = (parts: Parts) => void received.push(request(parts));
  return { model, status, refused, users: () => [...model.users.keys()] };
}

describe('the receiver', () => {
  it('keeps resources, drops tombstones, checks the counts', () => {
    const { model, status, users } = receiver();
    expect(status({ data: [resource(1), resource(2), resource(9, 'repository')] })).toBe(202);
    expect(status({ sequence: 2, meta: { deleted: [name(2)] } })).toBe(202);
    expect(status({ sequence: 5, meta: final(1, 1) })).toBe(202);
    expect([users(), [...model.repositories.keys()]]).toEqual([[id(1)], [id(9)]]);
    expect(model.users.get(id(1))).toEqual({ username: 'u1' });
    expect(model.problems).toEqual([]);
    expect(status({ run: LATER, meta: final(2, null) })).toBe(202);
    expect(model.problems).toEqual([`${LATER}:1: final counts 2 of type user, 1 are held`]);
    expect(model.batches.map(({ key, resources, deleted }) => [key, resources, deleted])).toEqual([
      [`${RUN}:1`, 3, 0],
      [`${RUN}:2`, 0, 1],
      [`${RUN}:5`, 0, 0],
      [`${LATER}:1`, 0, 0],
    ]);
  });

  it('drops what a snapshot did not name once it is final, of the types it looked at', () => {
    const { model, status, users } = receiver();
    status({ data: [resource(1), resource(2), resource(9, 'repository')] });
    const snapshot = { kind: 'snapshot' };
    status({ run: LATER, data: [resource(2)], meta: snapshot });
    expect(users()).toEqual([id(1), id(2)]);
    status({ run: LATER, sequence: 2, meta: { ...snapshot, ...final(1, null) } });
    expect([users(), model.repositories.size, model.problems]).toEqual([[id(2)], 1, []]);
  });

  it('takes a batch once, compressed or not, and the same key with other bytes never', () => {
    const { model, status } = receiver();
    status({ data: [resource(1)] });
    const { headers, body, ...rest } = request({ data: [resource(1)] });
    const packed = {
      ...rest,
      headers: { ...headers, 'content-encoding': 'gzip' },
      body: gzipSync(body),
    };
    expect(model.respond(packed).status).toBe(202);
    expect([model.duplicates, model.batches.length, model.problems]).toEqual([1, 1, []]);
    expect(status({ data: [resource(2)] })).toBe(409);
    expect([model.users.size, model.problems]).toEqual([1, [`${RUN}:1: other bytes than before`]]);
  });

  it('notes what comes out of order', () => {
    const { model, status } = receiver();
    status({ sequence: 3, data: [resource(1)] });
    status({ sequence: 2, data: [resource(2)] });
    status({ run: LATER, data: [resource(3)] });
    status({ sequence: 4, data: [resource(4)] });
    expect(model.problems).toEqual([
      `${RUN}:2: after sequence 3`,
      `${RUN}:4: a run that another one had followed`,
    ]);
  });

  it('notes what comes after the final of its run', () => {
    const { model, status } = receiver();
    status({ data: [resource(1)] });
    status({ sequence: 2, meta: final(1, 0) });
    expect(model.problems).toEqual([]);
    status({ sequence: 3, meta: final(1, 0) });
    expect(model.problems).toEqual([`${RUN}:3: after the final of its run`]);
  });

  it.each([
    ['kind', { kind: 'snapshot' }, 'snapshot Main on-premises'],
    ['profile', { profile: 'Other' }, 'delta Other on-premises'],
    ['service_type', { service_type: 'cloud' }, 'delta Main cloud'],
  ])('notes another %s within a run', (_name, meta, told) => {
    const { model, status } = receiver();
    status({ data: [resource(1)] });
    expect(status({ sequence: 2, data: [resource(2)], meta })).toBe(202);
    expect(model.problems).toEqual([`${RUN}:2: ${told} in a run of delta Main on-premises`]);
    status({ run: LATER, data: [resource(3)], meta });
    expect(model.problems).toHaveLength(1);
  });

  it('notes attributes that are not as the published schemas say', () => {
    const { model, status } = receiver();
    const bad = [
      { ...resource(1), attributes: { username: '' } },
      { ...resource(2, 'repository'), attributes: { ...attributesOf(2, 'repository'), more: 1 } },
    ];
    expect(status({ data: [...bad, resource(3), resource(4, 'repository')] })).toBe(202);
    expect(model.problems).toEqual([
      `${RUN}:1: user ${id(1)}: /attributes/username must NOT have fewer than 1 characters`,
      `${RUN}:1: repository ${id(2)}: /attributes must NOT have additional properties`,
    ]);
  });

  const many = Array.from({ length: 501 }, (_, number) => resource(number));
  it.each<[string, Parts, number]>([
    ['GET', { method: 'GET' }, 405],
    ['Content-Type', { type: 'application/json' }, 400],
    ['the key', { key: `${RUN}:2`, data: [resource(1)] }, 400],
    ['array of resources', { data: null }, 400],
    ['array of resources', { data: [name(1)] }, 400],
    ['array of resources', { data: [resource(1, 'project')] }, 400],
    ['array of resources', { data: [{ ...resource(1), id: '1' }] }, 400],
    ['array of names', { meta: { deleted: [resource(1)] } }, 400],
    ['501 members', { data: many }, 400],
    ['bytes', { data: [resource(1), { ...resource(2), attributes: { x: 'x'.repeat(1024 * 1024) } }] }, 400],
    ['twice', { data: [resource(1)], meta: { deleted: [name(1)] } }, 400],
    ['final belongs', { data: [resource(1)], meta: final(1, 0) }, 400],
    ['final belongs', {}, 400],
    ['final is not', { meta: { final: { users: 1 } } }, 400],
    ['final is not', { meta: final(-1, 0) }, 400],
    ['schema', { data: [resource(1)], meta: { schema: 'v2' } }, 400],
    ['profile', { data: [resource(1)], meta: { profile: null } }, 400],
    ['service_type', { data: [resource(1)], meta: { service_type: '' } }, 400],
    ['run_id', { run: 'run', data: [resource(1)] }, 400],
    ['sequence', { sequence: 0, data: [resource(1)] }, 400],
    ['kind', { data: [resource(1)], meta: { kind: 'full' } }, 400],
    ['meta.extra', { data: [resource(1)], meta: { extra: 1 } }, 400],
  ])('refuses a request for its %s', (problem, parts, expected) => {
    const { model, status } = receiver();
    expect(status(parts)).toBe(expected);
    expect(model.problems).toEqual([expect.stringContaining(problem)]);
    expect([model.users.size, model.batches.length]).toEqual([0, 0]);
  });
});

describe('the receiver that knows of all requests', () => {
  /** Holds the users 1, 2 and 3, to the end of a run. */
  function filled() {
    const made = receiver();
    made.status({ data: [resource(1), resource(2), resource(3)] });
    made.status({ sequence: 2, meta: final(3, 0) });
    return made;
  }
  const names = (...deleted: unknown[]) => ({ meta: { deleted } });

  it('notes a tombstone for what no batch has named, taken or refused', () => {
    const { model, status, refused } = filled();
    status({ run: LATER, data: [], ...names(name(3), name(8)) });
    expect(model.problems).toEqual([`${LATER}:1: a tombstone for user ${id(8)}, which was never named`]);
    refused({ run: LATER, sequence: 2, data: [resource(9)] });
    status({ run: LATER, sequence: 3, ...names(name(9)) });
    expect(model.problems).toHaveLength(1);
  });

  it('notes a delta that repeats what is held', () => {
    const { model, status } = filled();
    status({ run: LATER, data: [resource(1), renamed(2)] });
    status({ run: LATER, sequence: 2, meta: final(3, 0) });
    expect(model.problems).toEqual([`${LATER}:2: 1 of type user as they are held, such as ${id(1)}`]);
  });

  it('takes all of a type anew, by a snapshot or not', () => {
    for (const kind of ['snapshot', 'delta']) {
      const { model, status } = filled();
      status({ run: LATER, data: [resource(1), renamed(2)], meta: { kind, deleted: [name(3)] } });
      status({ run: LATER, sequence: 2, meta: { kind, ...final(2, 0) } });
      expect(model.problems).toEqual([]);
    }
  });

  it('takes again what was refused, and what a run without final has sent', () => {
    const { model, status, refused } = filled();
    refused({ run: LATER, data: [renamed(1)] });
    status({ run: LATER, sequence: 2, data: [resource(1)] });
    status({ run: LATER, sequence: 3, meta: final(3, 0) });
    expect(model.problems).toEqual([]);
    const [open, last] = ['5b1c3a52-3a4e-4d4c-9a53-6f0c3b0a7d13', '5b1c3a52-3a4e-4d4c-9a53-6f0c3b0a7d14'];
    status({ run: open, data: [renamed(2)] });
    status({ run: last, data: [renamed(2)] });
    status({ run: last, sequence: 2, meta: final(3, 0) });
    expect(model.problems).toEqual([]);
  });

  it('that knows only of its own does not mind either', () => {
    const model = createEssentialsReceiver();
    const respond = (parts: Parts) => model.respond(request(parts));
    respond({ data: [resource(1), resource(2)] });
    respond({ sequence: 2, meta: final(2, 0) });
    respond({ run: LATER, data: [resource(1)], ...names(name(8)) });
    respond({ run: LATER, sequence: 2, meta: final(2, 0) });
    expect(model.problems).toEqual([]);
  });
});
