import { type AgentProcess, startAgent } from '../../sandbox/agent-process.ts';
import type { Exit } from '../../sandbox/child.ts';
import { freePort } from '../../sandbox/free-port.ts';
import { makeTemporaryFolder } from '../../sandbox/temporary-folder.ts';

export const TOKEN = 'c0ffee00-1111-4222-8333-944445555666';

/** Enough to start; nothing of what it names is there to be reached. */
export async function enough(): Promise<Record<string, string>> {
  return {
    BROKER_TOKEN: TOKEN,
    BROKER_SERVER_URL: `http://127.0.0.1:${await freePort()}`,
    BITBUCKET_URL: `http://127.0.0.1:${await freePort()}`,
    BITBUCKET_PAT: 'a-pat',
    PORT: String(await freePort()),
    ADMIN_PORT: String(await freePort()),
  };
}

export interface Ended extends Exit {
  readonly output: string;
}

/** A folder in which agents are started with nothing around them. */
export interface Workplace {
  readonly folder: string;
  begin(env: Readonly<Record<string, string>>, args?: readonly string[]): Promise<AgentProcess>;
  /** Waits for an agent that ends by itself. */
  ended(env: Readonly<Record<string, string>>, args?: readonly string[]): Promise<Ended>;
  /** Ends what still runs and removes the folder. */
  close(): Promise<void>;
}

export function makeWorkplace(): Workplace {
  const folder = makeTemporaryFolder('start');
  const agents: AgentProcess[] = [];
  const begin: Workplace['begin'] = async (env, args = ['run']) => {
    const agent = await startAgent({ env, cwd: folder.path, args });
    agents.push(agent);
    return agent;
  };
  return {
    folder: folder.path,
    begin,
    async ended(env, args) {
      const agent = await begin(env, args);
      return { ...(await agent.exited), output: agent.output() };
    },
    async close() {
      await Promise.all(agents.map((agent) => agent.close()));
      folder.remove();
    },
  };
}
