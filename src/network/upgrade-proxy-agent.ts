import type { ClientRequest } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, type SecureContext } from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { tlsOptions } from './connector.ts';

/**
 * Reaches a websocket's server by CONNECT. Serves one connection: a request that is given up takes the socket to the
 * proxy with it. `abort` is the one event of a request that Node tells before there is a socket.
 */
export class UpgradeProxyAgent extends HttpsProxyAgent<string> {
  readonly #abandon: AbortController;
  readonly #secureContext: SecureContext | undefined;

  constructor(proxy: string, secureContext: SecureContext | undefined) {
    const abandon = new AbortController();
    super(proxy, { ...tlsOptions(secureContext), signal: abandon.signal });
    this.#abandon = abandon;
    this.#secureContext = secureContext;
  }

  override async connect(
    request: ClientRequest,
    options: Parameters<HttpsProxyAgent<string>['connect']>[1],
  ): Promise<Socket> {
    const givenUp = () => this.#abandon.abort();
    request.once('abort', givenUp);
    let status = 0;
    request.once('proxyConnect', ({ statusCode }: { statusCode: number }) => {
      status = statusCode;
    });
    const identity = addressIdentity(options.host ?? '');
    const socket = await super
      .connect(request, { ...options, ...tlsOptions(this.#secureContext), ...identity })
      .catch((cause: Error) => {
        if (status === 200) throw cause;
        throw new Error(`no way through the proxy ${this.proxy.host}: ${cause.message}`, { cause });
      });
    request.off('abort', givenUp);
    if (status === 200) return socket;
    socket.destroy();
    const hint = status === 407 ? ': check the user and the password in HTTP_PROXY and HTTPS_PROXY' : '';
    throw new Error(`the proxy ${this.proxy.host} answered CONNECT with ${status}${hint}`);
  }
}

/** https-proxy-agent 9.1 has a certificate for an IP address checked against `localhost`: it leaves the host out. */
function addressIdentity(host: string): Pick<ConnectionOptions, 'checkServerIdentity'> {
  if (isIP(host) === 0) return {};
  return { checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate) };
}
