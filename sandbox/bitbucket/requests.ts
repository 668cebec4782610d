import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';

/** One call as it came, and how it went on. */
export interface RecordedRequest {
  readonly method: string;
  /** The request target exactly as on the wire. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in order and case as on the wire. */
  readonly rawHeaders: readonly string[];
  /** The request's body, whole: a call is recorded when all of it is in. */
  readonly body: Buffer;
  /** The status that was sent; 0 while or when there was none. */
  readonly status: number;
  /** `complete`: the answer went out whole. `broken`: the connection ended first, by whichever side. */
  readonly finished: Promise<'complete' | 'broken'>;
}

/** Keeps the last calls and tells who waits for one. */
export interface RequestLog {
  readonly requests: RecordedRequest[];
  record(request: IncomingMessage, response: ServerResponse, body: Buffer): RecordedRequest;
  /** The first recorded call that matches, or the next one that will; rejects when the server closes first. */
  arrival(matches: (request: RecordedRequest) => boolean): Promise<RecordedRequest>;
  close(): void;
}

interface Waiter {
  readonly matches: (request: RecordedRequest) => boolean;
  readonly resolve: (request: RecordedRequest) => void;
  readonly reject: (reason: Error) => void;
}

/** A log of the last `keep` calls. */
export function requestLog(keep: number): RequestLog {
  const requests: RecordedRequest[] = [];
  const waiters = new Set<Waiter>();
  const announce = (record: RecordedRequest) => {
    for (const waiter of waiters) {
      if (!waiter.matches(record)) continue;
      waiters.delete(waiter);
      waiter.resolve(record);
    }
  };
  return {
    requests,
    record(request, response, body) {
      const record: { -readonly [Key in keyof RecordedRequest]: RecordedRequest[Key] } = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        rawHeaders: request.rawHeaders,
        body,
        status: 0,
        finished: new Promise((resolve) => {
          response.once('close', () => {
            record.status = response.headersSent ? response.statusCode : 0;
            resolve(response.writableFinished ? 'complete' : 'broken');
          });
        }),
      };
      if (keep > 0) requests.push(record);
      if (requests.length > keep) requests.shift();
      announce(record);
      return record;
    },
    arrival(matches) {
      const known = requests.find(matches);
      if (known) return Promise.resolve(known);
      return new Promise((resolve, reject) => waiters.add({ matches, resolve, reject }));
    },
    close() {
      for (const { reject } of waiters) reject(new Error('the simulator closed before such a request came'));
      waiters.clear();
    },
  };
}
