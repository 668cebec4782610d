import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { NetworkConfig } from '../../config/config.ts';
import { failureCode } from '../../errors.ts';
import type { Network } from '../../network/network.ts';
import { shownText } from '../../shown-text.ts';
import { type Chain, chainOf } from '../certificate-chain.ts';
import { fail, pass, type Result, warn } from '../finding.ts';
import type { Check } from '../run-checks.ts';
import { hostOf, type Target } from '../targets.ts';
import { connectDirect, connectThrough, trusted } from '../way.ts';
import { proxyName } from './proxy.ts';

export const tlsName = ({ name }: Target): string => `TLS ${name}`;

const DAY_MS = 86_400_000;
const SOON_DAYS = 21;

export interface TlsOptions {
  readonly network: Network;
  readonly settings: NetworkConfig;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** The certificates of an https target, as far as the agent will find something wrong with them. */
export function tlsCheck(target: Target, { network, settings, now }: TlsOptions): Check {
  return {
    name: tlsName(target),
    needs: [proxyName(target)],
    late: checkWay(target),
    run: async (signal) => {
      const { url } = target;
      const proxy = network.proxyFor(url.href);
      const tcp = await (proxy === null
        ? connectDirect(url, signal)
        : connectThrough(proxy, url, settings.extraCa, signal)
      ).catch((error: unknown) => error);
      if (!isSocket(tcp)) return [unreachable(target, failureCode(tcp))];
      try {
        const socket = await handshake(tcp, url, settings, signal);
        const at = now();
        return [verdictOf(target, chainOf(socket, settings, at), at)];
      } catch (error) {
        return [broken(target, failureCode(error))];
      } finally {
        tcp.destroy();
      }
    },
  };
}

type Tcp = Awaited<ReturnType<typeof connectDirect>>;

const isSocket = (value: unknown): value is Tcp =>
  typeof value === 'object' && value !== null && 'destroy' in value;

/** Goes on with certificates that are no good: nothing is sent, and what is wrong with them is to be told. */
function handshake(tcp: Tcp, url: URL, { extraCa }: NetworkConfig, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const host = hostOf(url);
    const named = isIP(host) === 0 ? { servername: host } : {};
    const socket = connect({
      ...{ socket: tcp, host, ...named, ca: trusted(extraCa), rejectUnauthorized: false },
      ALPNProtocols: ['http/1.1'],
    });
    socket.once('secureConnect', () => resolve(socket));
    socket.on('error', reject);
    tcp.on('error', reject);
    tcp.once('close', () => reject(new Error('closed')));
    signal.addEventListener('abort', () => socket.destroy(new Error('given up')));
  });
}

const checkWay = ({ url, variable }: Target): string =>
  `Check host and port in ${variable}, and that the firewall lets this host out to ${url.host}.`;

const unreachable = (target: Target, code: string): Result =>
  fail(`${target.url.host} takes no connection (${code})`, checkWay(target), { code });

function broken({ url, variable }: Target, code: string): Result {
  if (/^(ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG|ERR_SSL_HTTP_REQUEST)$/.test(code)) {
    const todo =
      variable === 'BITBUCKET_URL'
        ? 'Set BITBUCKET_URL=http://…, or INSECURE_DOWNSTREAM=true beside BITBUCKET; or have it speak https.'
        : `Set ${variable} to the address that speaks https.`;
    return fail(`${url.host} speaks http, not https (${code})`, todo, { code });
  }
  const todo = 'See what stands on the way: the connection opens, and TLS does not come about.';
  return fail(`${url.host} makes no TLS connection (${code})`, todo, { code });
}

function verdictOf({ url }: Target, chain: Chain, now: number): Result {
  const { subject, issuer, ends, first, authority } = chain;
  const days = Math.floor((ends - now) / DAY_MS);
  const until = new Date(ends).toISOString().slice(0, 10);
  const whose = `${shownText(subject)}, issued by ${shownText(issuer)}`;
  const data = {
    ...{ subject: shownText(subject), issuer: shownText(issuer), validTo: new Date(ends).toISOString() },
    ...{ authority, protocol: chain.protocol, error: chain.error },
  };
  if (ends <= now) {
    const todo = `Have the certificate of ${shownText(first)} renewed.`;
    return fail(`the certificate ${whose} has expired on ${until}`, todo, data);
  }
  if (chain.error !== null) {
    const { what, todo } = distrust(chain, url.hostname);
    return fail(`${what} (${chain.error})`, todo, data);
  }
  const from = authority === null ? '' : `; a private CA, from CA_CERT or NODE_EXTRA_CA_CERTS`;
  if (days < SOON_DAYS) {
    const todo = `Have the certificate of ${shownText(first)} renewed before then.`;
    return warn(`${whose}, ends on ${until}, in ${days} days${from}`, todo, data);
  }
  return pass(`${whose}, valid until ${until}${from}`, data);
}

function distrust(chain: Chain, host: string): { what: string; todo: string } {
  const issuer = shownText(chain.issuer);
  switch (chain.error) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return {
        what: `the certificate is not for ${host}, but for ${shownText(chain.names, 300)}`,
        todo: 'Use the name that is in the certificate, or have one issued for this name.',
      };
    case 'CERT_NOT_YET_VALID':
      return {
        what: 'the certificate is not valid yet',
        todo: "Check this host's clock, then the certificate's first day.",
      };
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return {
        what: 'the certificate is self-signed',
        todo: 'Set CA_CERT to a file with that certificate, in PEM form.',
      };
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return {
        what: `the chain is not complete: the server sends its own certificate only, and its issuer, ${issuer}, is not known here`,
        todo: `Have the server send its intermediate certificates too; if ${issuer} is a private CA, set CA_CERT to a file with it.`,
      };
    default:
      return {
        what: `the chain ends at ${shownText(chain.root)}, which is not trusted here`,
        todo: 'If that is a private CA, or a proxy that opens TLS, set CA_CERT to a file with its certificate, in PEM form.',
      };
  }
}
