import type { ClientRequest } from 'node:http';
import type { SecureContext } from 'node:tls';
import { nodeHttp } from '../node-http.ts';

/** What Node asks of the agent of a request. */
interface Requested {
  addRequest(request: ClientRequest, options: object): void;
}

/** The agent that speaks CONNECT, loaded with the first websocket that needs it: most agents stand behind no proxy. */
export class UpgradeAgent extends nodeHttp.Agent implements Requested {
  readonly #loaded: Promise<Requested>;

  constructor(proxy: string, secureContext: SecureContext | undefined) {
    super();
    this.#loaded = import('./upgrade-proxy-agent.ts').then(
      ({ UpgradeProxyAgent }) => new UpgradeProxyAgent(proxy, secureContext) as unknown as Requested,
    );
  }

  addRequest(request: ClientRequest, options: object): void {
    this.#loaded.then(
      (agent) => agent.addRequest(request, options),
      (error) => request.destroy(error),
    );
  }
}
