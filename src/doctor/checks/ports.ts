import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Config } from '../../config/config.ts';
import { failureCode } from '../../errors.ts';
import { fail, pass, type Result, warn } from '../finding.ts';
import type { Check } from '../run-checks.ts';
import { agentIn, type PortSight, type RunningAgent } from '../running-agent.ts';

interface Port {
  readonly variable: string;
  readonly port: number;
  /** Where it listens; `undefined`: everywhere. */
  readonly host: string | undefined;
  /** Who answers there; `null`: it was not asked. */
  readonly sight: PortSight | null;
}

/** Whether each port of the agent is free, or is held by the agent itself. */
export function portsCheck(config: Config, running: Promise<RunningAgent>): Check {
  return {
    name: 'ports',
    run: async () => {
      const found = await running;
      return Promise.all(portsOf(config, found).map((port) => portResult(port, agentIn(found) !== null)));
    },
  };
}

function portsOf(
  { listen, admin, relay, inventoryPlace: place }: Config,
  found: RunningAgent,
): readonly Port[] {
  const ports: Port[] = [
    { variable: 'PORT', port: listen.port, host: undefined, sight: found.public },
    ...(admin.port === null
      ? []
      : [{ variable: 'ADMIN_PORT', port: admin.port, host: admin.host, sight: found.admin }]),
    ...(relay?.listen == null ? [] : [{ variable: 'RELAY_PORT', ...relay.listen, sight: null }]),
    ...(place.kind !== 'here' || place.listen === null
      ? []
      : [{ variable: 'INVENTORY_PORT', host: place.listen.host, port: place.listen.port, sight: null }]),
  ];
  return ports;
}

async function portResult({ variable, port, host, sight }: Port, running: boolean): Promise<Result> {
  const data = { variable, port };
  if (port === 0) return pass(`${variable}=0: a free one is taken at the start`, data);
  if (sight?.kind === 'agent') return pass(`${variable} ${port} is held by the running agent`, data);
  const code = await opens(port, host);
  if (code === null) return pass(`${variable} ${port} is free`, data);
  if (code === 'EADDRINUSE' && sight === null && running) {
    return pass(`${variable} ${port} is held, and the agent runs`, data);
  }
  if (code === 'EADDRINUSE' && running) {
    const todo = 'Give doctor the configuration that the agent was started with, HTTPS_CERT too.';
    return warn(`${variable} ${port} is held; the agent runs, but does not answer there`, todo, data);
  }
  if (code === 'EADDRINUSE') {
    const todo = `Set ${variable} to a free port, or stop what listens there.`;
    return fail(`${variable} ${port} is held by another program`, todo, { ...data, code });
  }
  const todo = `Set ${variable}${host === undefined ? '' : ' or its host'} to what this user may open.`;
  return fail(`${variable} ${port} cannot be opened (${code})`, todo, { ...data, code });
}

/** @returns the code of what stands in the way; `null`: nothing */
async function opens(port: number, host: string | undefined): Promise<string | null> {
  const server = createServer();
  try {
    server.listen(host === undefined ? { port } : { port, host });
    await once(server, 'listening');
    return null;
  } catch (error) {
    return failureCode(error);
  } finally {
    if (server.listening) {
      server.close();
      await once(server, 'close');
    }
  }
}
