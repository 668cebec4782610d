import { setTimeout as pause } from 'node:timers/promises';
import type { BrokerConfig } from '../../config/config.ts';
import { failureCode } from '../../errors.ts';
import type { Network } from '../../network/network.ts';
import type { Tunnel } from '../../tunnel/tunnel.ts';
import { ask, member } from '../ask.ts';
import { fail, pass, type Result, warn } from '../finding.ts';
import type { Check } from '../run-checks.ts';
import { agentIn, type RunningAgent } from '../running-agent.ts';

const TUNNEL = 'tunnel';
const OWN_TUNNEL = 'own tunnel';

/** How long the tunnel has to open, and the server to show it; milliseconds. */
const PATIENCE = { openMs: 12_000, confirmMs: 3_000 };
const CONFIRM_EVERY_MS = 200;
/** A little more than leaving takes at most. */
const LEAVE_MS = 20_000;

/** The tunnel of the agent that runs here, as its ports tell it. */
export function tunnelCheck(running: Promise<RunningAgent>, { serverUrl }: BrokerConfig): Check {
  return {
    name: TUNNEL,
    run: async () => {
      const found = await running;
      const agent = agentIn(found);
      if (agent === null) {
        const todo =
          'Start it with run; doctor --identify tries the tunnel without it. In a pod, run doctor in the same container.';
        return [warn('no agent answers at its ports here, so nobody has a tunnel to ask for', todo)];
      }
      const { sockets } = found;
      if (!agent.open) {
        const todo = 'The lines "tunnel down" in its log say why; see the checks of the Snyk server here.';
        return [fail('the running agent has no tunnel', todo, { sockets })];
      }
      if (found.serverUrl !== null && found.serverUrl !== serverUrl) {
        const todo = 'Start it again, or give doctor the same configuration.';
        return [warn(`the running agent is connected to ${found.serverUrl}, not to ${serverUrl}`, todo)];
      }
      return [...sockets.filter(({ open }) => !open).map(closedSocket), openTunnel(found)];
    },
  };
}

const closedSocket = ({ role }: { role: string }): Result =>
  warn(
    `the ${role} socket is not open`,
    'The lines "tunnel down" in the log say why; one is enough to work.',
  );

function openTunnel({ sockets }: RunningAgent): Result {
  const told = sockets.filter(({ open }) => open).map(({ role, since }) => `${role} since ${since}`);
  return pass(`open${told.length === 0 ? '' : `: ${told.join(', ')}`}`, { sockets });
}

/** A tunnel that was not started. */
export interface OwnTunnel {
  readonly tunnel: Pick<Tunnel, 'start' | 'opened' | 'state'>;
  /** Closes it once what is in flight is answered. Called again it waits for the same. */
  leave(): Promise<void>;
}

/**
 * Opens a tunnel of its own for a moment, and looks whether the server shows it. The server sends it the token's calls
 * meanwhile, which are answered as `run` answers them. It never says whether it knows the token.
 */
export function identifyCheck(
  needs: readonly string[],
  { tunnel, leave }: OwnTunnel,
  network: Network,
  broker: BrokerConfig,
  { openMs, confirmMs } = PATIENCE,
): Check {
  return {
    name: OWN_TUNNEL,
    needs,
    limitMs: openMs + confirmMs + LEAVE_MS,
    run: async (signal) => {
      try {
        void tunnel.start();
        if (await tunnel.opened(signal, openMs))
          return [await confirmation(network, broker, confirmMs, signal)];
        const reason = tunnel.state.map(({ lastError }) => lastError).find((error) => error !== null);
        const todo =
          'Check that proxy and firewall let websockets (Upgrade: websocket) through to the Snyk server.';
        return [fail(`did not open within ${openMs / 1000} s (${reason ?? 'no reason told'})`, todo)];
      } finally {
        await leave();
      }
    },
  };
}

const UNCONFIRMED =
  'See in Snyk that the integration is connected: the server takes any token and never says whether it knows it.';

async function confirmation(
  network: Network,
  { serverUrl, token }: BrokerConfig,
  confirmMs: number,
  signal: AbortSignal,
): Promise<Result> {
  const url = `${serverUrl}/connection-status/${token.reveal()}`;
  const deadline = performance.now() + confirmMs;
  for (;;) {
    const seen = await ask(network, url, { signal }).then(
      ({ status, json }) => ({ status, clients: member(json, 'clients') }),
      (error: unknown) => failureCode(error),
    );
    if (typeof seen !== 'string' && seen.status === 200 && Array.isArray(seen.clients)) {
      const { length } = seen.clients;
      return pass(`opened; the server shows ${length} connection(s) of this token`, { connections: length });
    }
    if (performance.now() < deadline) {
      await pause(CONFIRM_EVERY_MS, undefined, { signal });
      continue;
    }
    const answer = typeof seen === 'string' ? seen : `status ${seen.status}`;
    return warn(`opened; /connection-status is closed (${answer})`, UNCONFIRMED, { answer });
  }
}
