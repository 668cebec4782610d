import type { Config } from '../config/config.ts';
import type { Network } from '../network/network.ts';
import { BitbucketDesk, type BitbucketDeskOptions } from './bitbucket-desk.ts';
import { bitbucketCheck } from './checks/bitbucket.ts';
import { CREDENTIALS, credentialsCheck } from './checks/credentials.ts';
import { inventoryCheck } from './checks/inventory.ts';
import { inventoryRulesCheck } from './checks/inventory-rules.ts';
import { dnsCheck } from './checks/names.ts';
import { clockCheck, rateLimitCheck } from './checks/observed.ts';
import { portsCheck } from './checks/ports.ts';
import { proxyCheck, proxyName } from './checks/proxy.ts';
import { configurationCheck, type LintReport, rulesCheck } from './checks/settings.ts';
import { sightCheck, VISIBLE } from './checks/sight.ts';
import { deliveryCheck, snykApiCheck, snykServerCheck } from './checks/snyk.ts';
import { type FreeBytes, stateFolderCheck } from './checks/state-folder.ts';
import { tlsCheck, tlsName } from './checks/tls.ts';
import { identifyCheck, type OwnTunnel, tunnelCheck } from './checks/tunnel.ts';
import type { Finding } from './finding.ts';
import { tryLogins } from './logins.ts';
import { Observations } from './observations.ts';
import { type Check, runChecks } from './run-checks.ts';
import { findAgent } from './running-agent.ts';
import { BITBUCKET, DELIVERY, KEEPER, SNYK_API, SNYK_SERVER, targetsOf } from './targets.ts';

export interface DoctorOptions extends Omit<BitbucketDeskOptions, 'observations' | 'now'> {
  readonly config: Config;
  readonly network: Network;
  /** A tunnel to be opened for a moment; `null`: only the running agent's is asked for. */
  readonly identify: OwnTunnel | null;
  readonly lint?: () => LintReport;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  readonly freeBytes?: FreeBytes;
}

/** Looks at everything the agent needs to work. @param stop gives up what still runs */
export const examine = (options: DoctorOptions, stop: AbortSignal): Promise<readonly Finding[]> =>
  runChecks(checksFor(options, stop), stop);

/** Of Bitbucket. */
const CALL_MS = 10_000;

/** All checks, in the order they are shown. */
function checksFor(options: DoctorOptions, stop: AbortSignal): readonly Check[] {
  const { config, network, identify, lint, now = Date.now } = options;
  const { broker, inventory, inventoryPlace: place } = config;
  const observations = new Observations();
  const desk = new BitbucketDesk({ callMs: CALL_MS, ...options, observations, now });
  const running = findAgent(config, stop);
  const logins = once((signal) => tryLogins(desk, signal));
  const ways = waysTo(options, now);
  const parts = { network, observations, now };
  return [
    configurationCheck(config),
    ...(lint === undefined ? [] : [rulesCheck(config, lint)]),
    inventoryRulesCheck(config, desk),
    ...ways.flatMap(({ checks }) => checks),
    snykServerCheck(last(ways, SNYK_SERVER), broker, parts),
    ...(broker.haMode ? [snykApiCheck(last(ways, SNYK_API), broker, parts)] : []),
    tunnelCheck(running, broker),
    ...(identify === null ? [] : [identifyCheck([SNYK_SERVER], identify, network, broker)]),
    ...(inventory.delivery.by === 'https'
      ? [deliveryCheck(last(ways, DELIVERY), inventory.delivery, parts)]
      : []),
    ...(place.kind === 'there' ? [inventoryCheck(last(ways, KEEPER), place, network)] : []),
    bitbucketCheck(last(ways, BITBUCKET), config, desk),
    credentialsCheck([BITBUCKET], logins),
    sightCheck(config, desk, logins),
    rateLimitCheck({ needs: [CREDENTIALS], after: [VISIBLE] }, observations),
    clockCheck([SNYK_SERVER, CREDENTIALS], observations),
    stateFolderCheck(config.stateDir, options.freeBytes),
    portsCheck(config, running),
  ];
}

interface WayChecks {
  readonly target: string;
  readonly checks: readonly Check[];
  /** The check after which the target can be asked. */
  readonly last: string;
}

function waysTo({ config, network }: DoctorOptions, now: () => number): readonly WayChecks[] {
  const settings = config.network;
  return targetsOf(config).map((target) => {
    const secure = target.url.protocol === 'https:';
    return {
      target: target.name,
      checks: [
        dnsCheck(target, network),
        proxyCheck(target, network, settings),
        ...(secure ? [tlsCheck(target, { network, settings, now })] : []),
      ],
      last: secure ? tlsName(target) : proxyName(target),
    };
  });
}

const last = (ways: readonly WayChecks[], name: string): readonly string[] =>
  ways.filter(({ target }) => target === name).map((way) => way.last);

/** Several checks want to know; Bitbucket is asked once. */
function once<Value>(work: (signal: AbortSignal) => Promise<Value>): (signal: AbortSignal) => Promise<Value> {
  let made: Promise<Value> | null = null;
  return (signal) => {
    made ??= work(signal);
    return made;
  };
}
