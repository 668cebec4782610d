import type { ClientRequest } from 'node:http';
import type { SecureContext } from 'node:tls';
import { nodeHttp } from '../node-http.ts';

/** What Node asks of the agent of a request. */
interface Requested {
  addRequest(request: ClientRequest, options: object): void;
}

/** The agent that speaks CONNECT, loaded with the first websocket that needs it: most agents stand behind no proxy. */
export class UpgradeAgent extends nodeHttp.Agent implements Requested {
  /** The one that Node holds a request against. */
  readonly protocol: 'http:' | 'https:';
  readonly #loaded: Promise<Requested>;

  /** @param secure TLS inside the tunnel: the websocket is a `wss:` one */
  constructor(proxy: string, secure: boolean, secureContext: SecureContext | undefined) {
    super();
    this.protocol = secure ? 'https:' : 'http:';
    this.#loaded = import('./upgrade-proxy-agent.ts').then(
      ({ UpgradeProxyAgent }) => new UpgradeProxyAgent(proxy, secureContext) as unknown as Requested,
    );
  }

  addRequest(request: ClientRequest, options: object): void {
    // Left to itself it would look for https in the stack of who called.
    const told = { ...options, secureEndpoint: this.protocol === 'https:' };
    this.#loaded.then((agent) => agent.addRequest(request, told)).catch((error) => request.destroy(error));
  }
}
