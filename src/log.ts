import { Writable } from 'node:stream';
import winston from 'winston';

export type Fields = Readonly<Record<string, unknown>>;

/** Structured log: a constant message that can be searched for, and fields. Never a body, never a secret. */
export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

/** A value that prints as a mask; `reveal` hands it out. */
interface Revealable {
  reveal(): string;
}

const NONE: readonly Revealable[] = [];

/** Shorter secrets are not searched for in finished lines: replacing one letter would mangle every line. */
const SHORTEST_SCRUBBED = 8;

/**
 * winston, one JSON object a line.
 *
 * Secrets stay out of lines by never being handed to the log. `secrets` is the second line of defence: where one
 * of them shows up all the same (inside another program's error text), raw, percent-encoded, base64 or
 * JSON-escaped, it is replaced. It is asked for again at each line, since some are read
 * after the log is made; it must give the same list as long as nothing is new.
 */
export function createLog(
  level: string,
  secrets: () => readonly Revealable[] = () => NONE,
  output: NodeJS.WriteStream = process.stdout,
): Log {
  const { combine, timestamp, json } = winston.format;
  const scrub = scrubber(secrets);
  const logger = winston.createLogger({
    level,
    format: combine(timestamp(), json({ deterministic: false })),
    transports: [new winston.transports.Stream({ format: scrub, stream: batched(output) })],
  });
  const at = (name: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: Fields) => {
    logger.log(fields === undefined ? { level: name, message } : { ...fields, level: name, message });
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Lines are written together after this time at most: one system call for many relayed calls. */
const BATCH_MS = 20;

/** Gathers lines; what is gathered is written at the latest when the process exits, where both outputs are synchronous. */
function batched(target: NodeJS.WriteStream): Writable {
  let lines = '';
  const flush = () => {
    const text = lines;
    lines = '';
    if (text !== '') target.write(text);
  };
  process.once('exit', flush);
  return new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      if (lines === '') setTimeout(flush, BATCH_MS).unref();
      lines += line;
      done();
    },
  });
}

/** A log that says nothing, for commands whose output is their answer, and for tests. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

const MESSAGE = Symbol.for('message');

function scrubber(secrets: () => readonly Revealable[]): winston.Logform.Format {
  let known = NONE;
  let needles: string[] = [];
  return winston.format((info) => {
    const current = secrets();
    if (current !== known) {
      known = current;
      needles = spellingsOf(current);
    }
    let line = info[MESSAGE] as string;
    for (const needle of needles) {
      if (line.includes(needle)) line = line.replaceAll(needle, '[secret]');
    }
    info[MESSAGE] = line;
    return info;
  })();
}

/** The forms in which secrets can stand in somebody's error text. */
function spellingsOf(secrets: readonly Revealable[]): string[] {
  const texts = secrets.map((secret) => secret.reveal()).filter((text) => text.length >= SHORTEST_SCRUBBED);
  const forms = texts.flatMap((text) => [
    text,
    encodeURIComponent(text),
    Buffer.from(text).toString('base64'),
    JSON.stringify(text).slice(1, -1),
  ]);
  return [...new Set(forms)];
}
