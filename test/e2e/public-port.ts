import { Agent, type Dispatcher, request } from 'undici';

export interface PublicAnswer {
  readonly status: number;
  readonly headers: Readonly<NodeJS.Dict<string | string[]>>;
  readonly text: string;
}

export interface PublicRequest {
  /** Default GET. */
  readonly method?: Dispatcher.HttpMethod;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** PEM; what the caller trusts beside the public roots. */
  readonly ca?: string;
}

/** Asks the agent's public port, over a connection of its own. Rejects when there is no whole answer. */
export async function ask(url: string, how: PublicRequest = {}): Promise<PublicAnswer> {
  const { method = 'GET', headers = {}, body = null, ca } = how;
  const dispatcher = new Agent({ pipelining: 0, connect: ca === undefined ? {} : { ca } });
  try {
    const answer = await request(url, { method, headers, body, dispatcher });
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
  } finally {
    await dispatcher.close();
  }
}

/** The three probes at one moment. */
export async function health(
  agentUrl: string,
): Promise<{ livez: number; readyz: number; healthcheck: number }> {
  const [livez, readyz, healthcheck] = await Promise.all(
    ['/livez', '/readyz', '/healthcheck'].map((path) => ask(`${agentUrl}${path}`)),
  );
  return {
    livez: livez?.status ?? 0,
    readyz: readyz?.status ?? 0,
    healthcheck: healthcheck?.status ?? 0,
  };
}
