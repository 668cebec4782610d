import type { RecordedRequest } from './requests.ts';

/** What can go wrong with one answer. Sizes are bytes; a cut or a hang comes by default after half of the true body, never before its first byte. */
export type Fault =
  /** Takes the request and says nothing. */
  | { readonly kind: 'hang' }
  /** Sends the head and part of the body, then nothing; the connection stays open. */
  | { readonly kind: 'hang-mid-body'; readonly after?: number }
  /** Sends the head and part of the body, then destroys the connection. */
  | { readonly kind: 'cut'; readonly after?: number; readonly framing: 'chunked' | 'length' }
  /** Declares a length that is off: more than is sent (the client waits) or less (bytes too many). */
  | { readonly kind: 'wrong-length'; readonly by: number }
  /** Another status, with no header but these and the content type; the body is an errors object unless given. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body?: string | Buffer;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** 200 and an HTML form, as a single sign-on in front of Bitbucket answers. */
  | { readonly kind: 'login-page' }
  /** Says gzip and is not: garbage behind a good gzip header. */
  | { readonly kind: 'broken-gzip' }
  /** Compresses whatever the client accepts. */
  | { readonly kind: 'forced-gzip' }
  /** JSON by its type, with bytes that are not UTF-8. */
  | { readonly kind: 'not-utf8' }
  /** The true answer in small pieces: `bytes` at a time, `everyMs` apart. */
  | { readonly kind: 'drip'; readonly bytes: number; readonly everyMs: number }
  /** The true answer, its first byte held back. */
  | { readonly kind: 'late'; readonly ms: number }
  | { readonly kind: 'redirect'; readonly status: 302 | 307; readonly location: string }
  /** Closes the connection at once, without a byte. */
  | { readonly kind: 'refuse' }
  /** A generated body of `bytes` (stream.ts), with back-pressure honoured; `framing` is `chunked` unless said. */
  | {
      readonly kind: 'stream';
      readonly bytes: number;
      readonly framing?: 'chunked' | 'length';
      readonly contentType?: string;
    };

/** Which calls a fault meets, and how often. */
export interface FaultScope {
  /** A prefix of the raw target, with or without the context path, or a test of the call. */
  readonly match: string | ((request: RecordedRequest) => boolean);
  /** How many calls; without it, every one. */
  readonly times?: number;
}

/** A fault that was set. */
export interface SetFault {
  /** How many calls met it. */
  readonly hits: number;
  remove(): void;
}

/** The faults of one server. The first that matches a call is its only one. */
export interface Faults {
  add(rule: FaultScope & Fault): SetFault;
  clear(): void;
}

/** The faults as the server sees them. */
export interface FaultBook extends Faults {
  /** The fault for this call, counted; `undefined` for a healthy answer. */
  take(request: RecordedRequest): Fault | undefined;
}

/** An empty book. `contextPath` may be left out of prefixes. */
export function faultBook(contextPath: string): FaultBook {
  const rules: { readonly rule: FaultScope & Fault; hits: number }[] = [];
  const matches = ({ match }: FaultScope, request: RecordedRequest) =>
    typeof match === 'function'
      ? match(request)
      : request.url.startsWith(match) || request.url.startsWith(contextPath + match);
  return {
    add(rule) {
      const entry = { rule, hits: 0 };
      rules.push(entry);
      return {
        get hits() {
          return entry.hits;
        },
        remove() {
          const at = rules.indexOf(entry);
          if (at >= 0) rules.splice(at, 1);
        },
      };
    },
    clear() {
      rules.length = 0;
    },
    take(request) {
      const entry = rules.find(
        ({ rule, hits }) => hits < (rule.times ?? Number.POSITIVE_INFINITY) && matches(rule, request),
      );
      if (!entry) return undefined;
      entry.hits += 1;
      return entry.rule;
    },
  };
}
