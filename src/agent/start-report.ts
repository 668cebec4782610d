import type { Trail } from '../audit/trail.ts';
import { probeBitbucket } from '../bitbucket/probe.ts';
import type { Send } from '../bitbucket/send.ts';
import type { Config } from '../config/config.ts';
import { failureCode } from '../errors.ts';
import type { Log } from '../log.ts';
import { recordedMs } from '../recorded-call.ts';
import { agentVersion } from '../version.ts';
import type { Gate } from './gate.ts';

/** Where Bitbucket tells its version to everybody, as rules on the REST base and on the host itself see it. */
const VERSION_URLS = ['/application-properties', '/rest/api/1.0/application-properties'];

const HINT =
  'Calls are answered with 502 or 504 until it does. Check BITBUCKET_URL (or BITBUCKET), the proxy and the firewall.';
/** For the failures that have one likely cause. */
const HINTS: Readonly<Record<string, string>> = {
  ERR_SSL_WRONG_VERSION_NUMBER:
    'It speaks http, not https: set BITBUCKET_URL=http://…, or INSECURE_DOWNSTREAM=true beside BITBUCKET.',
  SELF_SIGNED_CERT_IN_CHAIN: 'Its certificate is of a private CA: set CA_CERT to the CA file.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'Its certificate is of a private CA: set CA_CERT to the CA file.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'Its certificate is self-signed: set CA_CERT to that certificate.',
};

const LOGIN = 'The login is refused. Check the credentials; doctor says more.';
/** For the answers that even the right Bitbucket gives instead of its version. */
const UNTOLD: Readonly<Record<number, string>> = {
  401: LOGIN,
  403: LOGIN,
  429: 'It limits the rate just now.',
  503: 'See whether Bitbucket is starting or in maintenance, and what stands before it.',
};

/** With less a run of the inventory, or many calls at once, may be the end. */
const ENOUGH_BYTES = 192 * 1024 * 1024;

/** What is to be said of the memory that this process may use; `null`: nothing. 0 stands for no limit. */
export function memoryWarning(limitBytes: number): string | null {
  if (limitBytes === 0 || limitBytes >= ENOUGH_BYTES) return null;
  const limit = Math.round(limitBytes / 1024 / 1024);
  return `The memory limit is ${limit} MiB: where that does not do the kernel ends the agent (exit code 137). Give it 256 MiB.`;
}

/** One line with what the agent was asked to be, and its warnings. */
export function tellStart(config: Config, { rules }: Gate, port: number, log: Log): void {
  log.info('started', {
    version: agentVersion,
    node: process.version,
    profile: config.profileName,
    port,
    brokerServer: config.broker.serverUrl,
    bitbucket: config.bitbucket.baseUrl,
    acceptList: config.accept.path,
    rules: rules.private.length,
    publicRules: rules.public.length,
    writes: config.allowWrites,
    highAvailability: config.broker.haMode,
    inventory: inventoryOf(config),
  });
  const memory = memoryWarning(process.constrainedMemory());
  for (const warning of [...config.warnings, ...(memory === null ? [] : [memory])])
    log.warn('configuration', { warning });
}

function inventoryOf({ inventory, inventoryPlace: place }: Config): string {
  if (place.kind === 'there') return `kept by ${place.url}`;
  if (place.kind === 'nowhere') return 'nobody can be asked';
  return inventory.enabled ? 'kept here' : 'not kept';
}

/** Says at start whether Bitbucket is there. The agent serves either way: the call goes through the accept list too. */
export async function tellBitbucket(
  config: Config,
  { rules, loginOf }: Gate,
  { send, trail }: { readonly send: Send; readonly trail: Pick<Trail, 'call'> },
  log: Log,
): Promise<void> {
  const asks = VERSION_URLS.map((url) => ({
    url,
    ...rules.decide({ method: 'GET', url, headers: {}, body: null }),
  }));
  const ask = asks.find(({ rule }) => rule !== null);
  if (!ask?.rule) return log.info('Bitbucket is not looked at: no rule allows it', { urls: VERSION_URLS });
  const { rule, url } = ask;
  const started = performance.now();
  const probe = await probeBitbucket(send, {
    origin: rule.origin,
    path: rule.basePath + url,
    login: loginOf(rule),
  });
  trail.call('inventory', {
    ...{ requestId: null, method: 'GET', path: url },
    ...{ allowed: true, ruleId: rule.id, reason: 'allowed' },
    ms: recordedMs(performance.now() - started),
    ...(probe.answers
      ? { status: probe.status, bytes: probe.bytes }
      : { status: 0, bytes: 0, code: probe.error.code }),
  });
  const { baseUrl } = config.bitbucket;
  if (!probe.answers) {
    const cause = failureCode(probe.error.cause);
    const { code, message: reason } = probe.error;
    return log.warn('Bitbucket does not answer', {
      baseUrl,
      code,
      cause,
      reason,
      hint: probe.error.hint ?? HINTS[cause] ?? HINT,
    });
  }
  if (probe.version !== null) return log.info('Bitbucket answers', { baseUrl, version: probe.version });
  const { status } = probe;
  const hint = UNTOLD[status] ?? (status >= 500 ? UNTOLD[503] : undefined);
  if (hint !== undefined) return log.warn('Bitbucket does not tell its version', { baseUrl, status, hint });
  log.warn('what answers is not Bitbucket', {
    baseUrl,
    status,
    hint: 'Check host, port and path in BITBUCKET_URL.',
  });
}
