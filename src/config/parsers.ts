import { isIP } from 'node:net';
import * as z from 'zod';
import { OMISSIBLE_FIELDS, type OmissibleField } from './omissible.ts';
import { baseUrlText, parseBaseUrl, proxyUrlFault } from './url.ts';

/** The longest time that Node's timers take, in milliseconds. */
const LONGEST_TIMER = 2_147_483_647;
const CONTROL = /\p{Cc}/u;
const NO_CONTROL = 'holds a line break or another control character';

/** Text to value, one parser a kind of variable. A message never repeats the value: it may be a secret. */
export const flag = z.stringbool({
  truthy: ['true', '1', 'yes', 'on'],
  falsy: ['false', '0', 'no', 'off'],
  error: 'is neither true (1, yes, on) nor false (0, no, off)',
});

export const port = z
  .string()
  .regex(/^\d{1,5}$/, 'is not a port number')
  .transform(Number)
  .refine((value) => value <= 65_535, 'is over 65535');

export const portOrOff = z
  .string()
  .transform((text) => (text.toLowerCase() === 'off' ? null : text))
  .pipe(z.union([z.null(), port], { error: 'is neither a port number nor off' }));

export const milliseconds = z
  .string()
  .regex(/^\d{1,10}$/, 'is not a whole number of milliseconds')
  .transform(Number)
  .refine((value) => value > 0 && value <= LONGEST_TIMER, `is not between 1 and ${LONGEST_TIMER}`);

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90s`, `30m`, `6h`, `7d` → milliseconds. At least a second, at most what a timer takes. */
export const interval = z.string().transform((text, context) => {
  const [, count, unit] = /^(\d{1,7})\s?([smhd])$/i.exec(text) ?? [];
  const ms = Number(count) * UNIT_MS[(unit ?? 's').toLowerCase() as keyof typeof UNIT_MS];
  if (count !== undefined && ms >= 1_000 && ms <= LONGEST_TIMER) return ms;
  context.addIssue('is not a time between 1s and 24d, such as 30m, 6h or 7d');
  return z.NEVER;
});

export const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'is not a whole number')
    .transform(Number)
    .refine((value) => value >= least && value <= most, `is not between ${least} and ${most}`);

export const line = z.string().refine((text) => !CONTROL.test(text), NO_CONTROL);

const LONGEST_PROFILE_NAME = 200;

export const profileName = line.refine(
  (text) => text.length <= LONGEST_PROFILE_NAME,
  `is longer than ${LONGEST_PROFILE_NAME} characters`,
);

const readBaseUrl = (text: string, context: { addIssue(issue: string): void }): string => {
  const parsed = parseBaseUrl(text);
  if (typeof parsed !== 'string') return baseUrlText(parsed);
  context.addIssue(parsed);
  return z.NEVER;
};

export const baseUrl = z.string().transform(readBaseUrl);

/** `off`, or a base URL. */
export const baseUrlOrOff = z
  .string()
  .transform((text, context) => (text.toLowerCase() === 'off' ? 'off' : readBaseUrl(text, context)));

export const proxyUrl = z.string().superRefine((text, context) => {
  const fault = proxyUrlFault(text);
  if (fault !== null) context.addIssue(fault);
});

const entries = (text: string) => text.split(/[\s,]+/).filter((entry) => entry !== '');

export const hostList = z.string().transform(entries);

/** `*` and `?`; what a project key can have besides. */
export const globList = z
  .string()
  .transform(entries)
  .refine(
    (globs) => globs.every((glob) => /^[\w~.*?-]+$/.test(glob)),
    'has an entry with more than letters, digits, ~ . _ - and the wildcards * and ?',
  );

export const omittedFields = z.string().transform((text, context) => {
  const fields = entries(text);
  const unknown = fields.filter((field) => !(OMISSIBLE_FIELDS as readonly string[]).includes(field));
  if (unknown.length === 0) return fields as OmissibleField[];
  const named = unknown.map((field) => (/^[\w.]{1,60}$/.test(field) ? field : 'an entry')).join(', ');
  const what = unknown.length === 1 ? 'is no field' : 'are no fields';
  context.addIssue(`${named} ${what} that can be left out; these can: ${OMISSIBLE_FIELDS.join(', ')}`);
  return z.NEVER;
});

export const pseudonymise = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(z.enum(['users', 'nothing'], { error: 'is neither users nor nothing' }));

export const delivery = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(z.enum(['tunnel', 'https', 'off'], { error: 'is not one of tunnel, https, off' }));

export const urlPath = z
  .string()
  .regex(
    /^\/(?:(?!\.{1,2}(?:\/|$))[\w\-.~]+(?:\/|$))*$/,
    'is not a plain path that starts with a slash, without dot segments and empty ones',
  );

export const listenHost = z
  .string()
  .refine(
    (text) => isIP(text) !== 0 || /^[a-z\d]([a-z\d.-]*[a-z\d])?$/i.test(text),
    'is not a host name or an IP address',
  );

/** Names without ports, in lower case. */
export const hostNames = z
  .string()
  .transform((text) => entries(text.toLowerCase()))
  .refine(
    (names) => names.every((name) => /^[a-z\d]([a-z\d.-]*[a-z\d])?$/.test(name)),
    'has an entry that is not a host name; ports do not belong here',
  );

export const rulesHash = z
  .string()
  .transform((text) => text.toLowerCase().replace(/^sha256:/, ''))
  .refine((text) => /^[\da-f]{64}$/.test(text), 'is not sha256: and 64 hexadecimal digits')
  .transform((text) => `sha256:${text}`);

export const auditOnError = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(z.enum(['warn', 'refuse'], { error: 'is neither warn nor refuse' }));

/** It stands in the path of the tunnel's URL. */
export const brokerToken = z
  .string()
  .regex(
    /^[\w.~!$&'()*+,;=:@-]+$/,
    'holds a character that cannot stand in a URL path, such as a space or a line break',
  )
  .refine((text) => !/^\.+$/.test(text), 'is nothing but dots');

export const bearerToken = z
  .string()
  .regex(
    /^[\x21-\x7e]+$/,
    'holds a character that cannot stand in a header, such as a line break or a space',
  );

const SHORTEST_OWN_TOKEN = 16;

/** A token that the operator has made up for those who call the agent. */
export const ownToken = bearerToken.refine(
  (text) => text.length >= SHORTEST_OWN_TOKEN,
  `is shorter than ${SHORTEST_OWN_TOKEN} characters`,
);

/** RFC 7617: no colon, no control characters. */
export const userName = line.refine(
  (text) => !text.includes(':'),
  'holds a colon, which Basic authentication cannot carry',
);

export const password = line;

/** A comma-separated list, at least one entry, each as `entry` wants it. */
export function pool(entry: z.ZodType<string, string>): z.ZodType<string[], string> {
  return z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .refine((entries) => !entries.includes(''), 'has an empty entry')
    .pipe(z.array(entry));
}

/** The Snyk Broker client also knows the levels of bunyan. */
export const logLevel = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(
    z.enum(['error', 'warn', 'info', 'debug', 'trace', 'fatal'], {
      error: 'is not one of error, warn, info, debug',
    }),
  )
  .transform((level) => (level === 'trace' ? 'debug' : level === 'fatal' ? 'error' : level));

export const serviceType = z
  .string()
  .transform((text) => text.toLowerCase())
  .refine((text) => text !== 'cloud', 'is cloud, which this agent does not connect to yet')
  .pipe(z.enum(['on-premises', 'server', 'cloud'], { error: 'is not on-premises' }))
  .transform(() => 'on-premises' as const);
