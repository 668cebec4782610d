import { Writable } from 'node:stream';
import winston from 'winston';
import { NO_SECRETS, type Revealable, scrubber } from './scrub.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** Structured log: a constant message that can be searched for, and fields. Never a body, never a secret. */
export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

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
  secrets: () => readonly Revealable[] = () => NO_SECRETS,
  output: NodeJS.WriteStream = process.stdout,
): Log {
  const { combine, timestamp, json } = winston.format;
  const scrub = scrubbed(secrets);
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

/**
 * Gathers whole lines for an output; what is gathered is written at the latest when the process exits, where both
 * outputs are synchronous.
 */
export function gathered(target: NodeJS.WriteStream): (lines: string) => void {
  let waiting = '';
  const flush = () => {
    const text = waiting;
    waiting = '';
    if (text !== '') target.write(text);
  };
  process.once('exit', flush);
  return (lines) => {
    if (waiting === '') setTimeout(flush, BATCH_MS).unref();
    waiting += lines;
  };
}

function batched(target: NodeJS.WriteStream): Writable {
  const gather = gathered(target);
  return new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      gather(line);
      done();
    },
  });
}

/** A log that says nothing. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

const MESSAGE = Symbol.for('message');

function scrubbed(secrets: () => readonly Revealable[]): winston.Logform.Format {
  const scrub = scrubber(secrets);
  return winston.format((info) => {
    info[MESSAGE] = scrub(info[MESSAGE] as string);
    return info;
  })();
}
