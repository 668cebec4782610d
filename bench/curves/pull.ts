import { request } from 'undici';
import { startAgent } from '../../sandbox/agent-process.ts';
import { freePort } from '../../sandbox/free-port.ts';
import { AGENT_PATHS } from '../../src/rules/agent-origin.ts';
import { cpuSecondsOf, memoryOf } from '../process-usage.ts';
import type { InventoryBench } from '../sync/inventory-bench.ts';
import type { Usage } from '../sync/measured.ts';

const IDENTIFIED_MS = 20_000;
const FIRST_PAGE = `${AGENT_PATHS.repositories}?limit=1000`;

/** What reading the list of repositories through the tunnel, page by page, takes of the agent that keeps them. */
export async function pullAll({ broker, env, folder }: InventoryBench): Promise<{
  readonly usage: Omit<Usage, 'wallSeconds'>;
  readonly repositories: number;
}> {
  const ports = { PORT: String(await freePort()), ADMIN_PORT: String(await freePort()) };
  const agent = await startAgent({ env: { ...env, ...ports }, cwd: folder });
  try {
    const token = env.BROKER_TOKEN ?? '';
    await broker.waitForClient(token, { timeoutMs: IDENTIFIED_MS, sockets: 2 });
    const before = cpuSecondsOf(agent.pid);
    let repositories = 0;
    for (let path: string | undefined = FIRST_PAGE; path !== undefined; ) {
      const { statusCode, body } = await request(broker.callUrl(token, path));
      const text = await body.text();
      if (statusCode !== 200) throw new Error(`${path} is answered with ${statusCode}\n${agent.output()}`);
      const document = JSON.parse(text) as { data: readonly unknown[]; links: { next?: string } };
      repositories += document.data.length;
      path = document.links.next;
    }
    const userSeconds = cpuSecondsOf(agent.pid) - before;
    const usage = { userSeconds, systemSeconds: 0, peakBytes: memoryOf(agent.pid).peak };
    const { code } = await agent.terminate();
    if (code !== 0) throw new Error(`the agent ended with ${code}\n${agent.output()}`);
    return { usage, repositories };
  } finally {
    await agent.close();
  }
}
