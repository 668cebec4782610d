import type { CallOptions } from '../caller.ts';

/** One call of the demo and how it must come out. */
export interface DemoCall extends CallOptions {
  readonly path: string;
  readonly over: 'socket' | 'stream';
  /** Who must answer: Bitbucket itself, the agent by refusing, or already the broker server. */
  readonly answeredBy: 'Bitbucket' | 'agent' | 'server';
  readonly status: number;
}

const fromBitbucket = (path: string, over: DemoCall['over'], status = 200): DemoCall => ({
  path,
  over,
  answeredBy: 'Bitbucket',
  status,
});

const refused = (path: string, over: DemoCall['over'], more: Partial<DemoCall> = {}): DemoCall => ({
  path,
  over,
  answeredBy: 'agent',
  status: 401,
  ...more,
});

const REPOSITORY = '/projects/PLAT/repos/gateway';

/** In the order of the table: what the shipped accept list allows, then what it does not. */
export const DEMO_CALLS: readonly DemoCall[] = [
  fromBitbucket('/users?limit=5', 'socket'),
  fromBitbucket('/projects', 'stream'),
  fromBitbucket('/projects/PLAT/repos?limit=2', 'socket'),
  fromBitbucket('/repos?limit=3&start=3', 'stream'),
  fromBitbucket(`${REPOSITORY}/labels`, 'socket'),
  fromBitbucket(`${REPOSITORY}/default-branch`, 'stream'),
  fromBitbucket(`${REPOSITORY}/raw/catalog-info.yaml`, 'stream'),
  fromBitbucket('/projects/PLAT/repos/no-such-thing', 'socket', 404),
  refused('/projects/PLAT/repos', 'stream', { method: 'POST', body: '{"name":"planted"}' }),
  refused('/admin/permissions/users', 'socket'),
  refused(`${REPOSITORY}/browse/src/main.ts`, 'stream'),
  refused('/projects/PLAT/../../../admin/users', 'stream', { answeredBy: 'server' }),
  refused('/projects/%2e%2e/%2e%2e/1.0/admin/users', 'stream'),
  refused('/projects/..;/admin/users', 'socket'),
  refused('/projects/PLAT%2frepos', 'stream'),
  refused('/users#/admin/users', 'socket'),
];

/** What Bitbucket itself sends when somebody pushes, shortened. */
export const DEMO_WEBHOOK = {
  path: '/webhook/bitbucket-server/9f1c2a34-demo',
  body: JSON.stringify({
    eventKey: 'repo:refs_changed',
    repository: { slug: 'gateway', project: { key: 'PLAT' } },
    changes: [{ ref: { displayId: 'main' }, type: 'UPDATE' }],
  }),
} as const;
