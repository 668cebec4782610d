import { hostname } from 'node:os';
import type { CallRecord, Road } from '../call.ts';
import { failureCode } from '../errors.ts';
import { gathered, type Log } from '../log.ts';
import { type Revealable, type Scrubber, scrubber } from '../scrub.ts';
import { DiskChain } from './disk-chain.ts';
import { FailureReport } from './failure-report.ts';
import { callBody, type EventFields, eventBody, type TrailEvent } from './record.ts';
import { removeExpired } from './retention.ts';
import type { AgentEvent, Trail, TrailState } from './trail.ts';

/** `AuditConfig` has them. */
export interface TrailSettings {
  /** Absolute; made if it is not there. */
  readonly folder: string;
  readonly stdout: boolean;
  readonly onError: 'warn' | 'refuse';
  readonly retentionDays: number;
  readonly maxBytes: number;
}

export interface TrailOptions {
  readonly rulesHash: string;
  /** Taken out of every text; see `scrubber`. */
  secrets(): readonly Revealable[];
  readonly log: Log;
  /** Where records go too with `AUDIT_STDOUT`: the output that the log goes to. */
  readonly output: NodeJS.WriteStream;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  readonly host?: string;
  /** A file is not written on when it is larger. */
  readonly partBytes?: number;
  /** Characters of records that wait for a disk that cannot be written. */
  readonly mostWaiting?: number;
}

const MIB = 1024 * 1024;
const PART_BYTES = 64 * MIB;
const MOST_WAITING = 4 * MIB;
/** Characters that are written without waiting for the end of the turn. */
const LARGE_TURN = MIB / 4;
const MOST_AT_ONCE = 1_000;
const SYNC_MS = 1_000;
const RETRY_MS = 1_000;
const RETENTION_MS = 3_600_000;

/**
 * Opens this process's trail below the folder, and goes on with the chain that it finds there. A folder that cannot be
 * used is a failure like a full disk: records wait, and it is tried again.
 */
export const openTrail = (settings: TrailSettings, options: TrailOptions): Trail =>
  new FileTrail(settings, options);

/** Where a record is: a body has no place in the chain yet, a line has one and waits to be written. */
class FileTrail implements Trail {
  readonly #settings: TrailSettings;
  readonly #options: TrailOptions;
  readonly #now: () => number;
  readonly #scrub: Scrubber;
  readonly #tell: ((lines: string) => void) | null;
  readonly #failure: FailureReport;
  readonly #mostWaiting: number;
  readonly #onExit = () => this.#turn(true);
  #disk: DiskChain | null = null;
  #bodies: string[] = [];
  /** How many of the bodies stdout has had. */
  #told = 0;
  #lines: string[] = [];
  #waiting = 0;
  #scheduled = false;
  #written = 0;
  #lost = 0;
  /** Lost records that no record speaks of yet. */
  #untold = 0;
  #syncTimer: NodeJS.Timeout | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  readonly #retentionTimer: NodeJS.Timeout;
  #retaining = false;
  #closed = false;

  constructor(settings: TrailSettings, options: TrailOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#scrub = scrubber(options.secrets);
    this.#mostWaiting = options.mostWaiting ?? MOST_WAITING;
    this.#failure = new FailureReport(options.log, settings.onError, this.#now);
    // Before the output's own listener: what is left comes out with it.
    process.once('exit', this.#onExit);
    this.#tell = settings.stdout ? gathered(options.output) : null;
    this.#retentionTimer = setInterval(() => this.#retain(), RETENTION_MS).unref();
    this.#open();
  }

  call(road: Road, record: CallRecord): void {
    this.#add(callBody(road, record, this.#stamp(), this.#scrub));
  }

  event(event: AgentEvent, fields: EventFields = {}): void {
    this.#event(event, fields);
    // At once: whether the start could be written decides whether calls are taken.
    this.#turn();
  }

  state(): TrailState {
    return {
      instance: this.#disk?.instance.name ?? null,
      written: this.#written,
      lost: this.#lost,
      errors: this.#failure.count,
      failing: this.#failure.code,
      head: this.#disk === null || this.#disk.end.seq === 0 ? null : this.#disk.end.head,
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#turn(true);
    this.#closed = true;
    process.removeListener('exit', this.#onExit);
    clearInterval(this.#retentionTimer);
    for (const timer of [this.#syncTimer, this.#retryTimer]) if (timer !== null) clearTimeout(timer);
    this.#tellHead();
    const { waiting } = this.#left();
    if (waiting > 0) this.#options.log.error('audit records are lost', { records: waiting });
    await this.#disk?.close().catch((error: unknown) => this.#failure.note(error, this.#left()));
  }

  #stamp() {
    return { time: this.#now(), rules: this.#options.rulesHash };
  }

  #event(event: AgentEvent | TrailEvent, fields: EventFields): void {
    this.#add(eventBody(event, fields, this.#stamp(), this.#scrub));
  }

  #add(body: string): void {
    if (this.#closed) return;
    if (this.#waiting + body.length > this.#mostWaiting) return this.#lose(body);
    if (this.#untold > 0) this.#tellLost();
    this.#push(body);
  }

  #push(body: string): void {
    this.#bodies.push(body);
    this.#waiting += body.length;
    if (this.#failure.code === null && this.#waiting > LARGE_TURN) this.#turn();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.#turn());
    }
  }

  /** stdout gets it all the same, without a place in the chain. */
  #lose(body: string): void {
    this.#lost += 1;
    this.#untold += 1;
    this.#tell?.(marked(`{${body}}`));
  }

  #tellLost(): void {
    const count = this.#untold;
    this.#untold = 0;
    this.#push(eventBody('lost', { records: count }, this.#stamp(), this.#scrub));
  }

  /** The end of a turn of the event loop: what it has brought is linked, told and written. */
  #turn(again = false): void {
    this.#scheduled = false;
    if (this.#closed) return;
    if (again && this.#disk === null) this.#open();
    this.#link();
    if (this.#failure.code === null || again) this.#write();
    // After a failure that is over, the record of what was lost.
    if (again && this.#failure.code === null && this.#bodies.length > 0) this.#turn();
  }

  #link(): void {
    const disk = this.#disk;
    const bodies = this.#bodies;
    if (disk === null) {
      for (const body of bodies.slice(this.#told)) this.#tell?.(marked(`{${body}}`));
      this.#told = bodies.length;
      return;
    }
    for (const [index, body] of bodies.entries()) {
      const line = disk.link(body);
      if (index >= this.#told) this.#tell?.(marked(line));
      this.#lines.push(`${line}\n`);
      this.#waiting += line.length - body.length;
    }
    this.#bodies = [];
    this.#told = 0;
  }

  #write(): void {
    if (this.#disk === null) return;
    let turned = false;
    try {
      while (this.#lines.length > 0) {
        turned = this.#turnOver(this.#disk) || turned;
        const batch = this.#lines.slice(0, MOST_AT_ONCE);
        const text = batch.join('');
        this.#disk.append(text);
        this.#lines = this.#lines.slice(batch.length);
        this.#waiting -= text.length - batch.length;
        this.#written += batch.length;
      }
      // A failure may have been of the disk, beneath the file.
      if (this.#failure.code !== null) this.#disk.syncNow();
    } catch (error) {
      return this.#fail(error);
    }
    if (this.#failure.code !== null) this.#works();
    if (this.#disk.unsynced) this.#syncTimer ??= setTimeout(() => this.#sync(), SYNC_MS).unref();
    if (!turned) return;
    this.#tellHead();
    this.#retain();
  }

  #turnOver(disk: DiskChain): boolean {
    const closing = disk.turnOver(this.#now());
    closing?.catch((error: unknown) => this.#fail(error));
    return closing !== null;
  }

  #sync(): void {
    this.#syncTimer = null;
    this.#disk?.sync().catch((error: unknown) => this.#fail(error));
  }

  #open(): void {
    const { host = hostname(), partBytes = PART_BYTES } = this.#options;
    try {
      const { folder } = this.#settings;
      this.#disk = new DiskChain({ folder, host, partBytes }, this.#now());
    } catch (error) {
      return this.#fail(error);
    }
    this.#tellHead();
    const { torn } = this.#disk;
    if (torn !== null) this.#event('recovered', torn);
    this.#retain();
  }

  #fail(error: unknown): void {
    this.#failure.note(error, this.#left());
    if (this.#closed) return;
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = null;
      this.#turn(true);
    }, RETRY_MS).unref();
  }

  #works(): void {
    this.#failure.over(this.#left());
    if (this.#untold > 0) this.#tellLost();
  }

  #left() {
    return { waiting: this.#bodies.length + this.#lines.length, lost: this.#lost };
  }

  #tellHead(): void {
    if (this.#disk === null || this.#disk.end.seq === 0 || this.#lines.length > 0) return;
    const { instance, file, end } = this.#disk;
    this.#options.log.info('audit head', { instance: instance.name, file: file.name, ...end });
  }

  #retain(): void {
    const disk = this.#disk;
    if (disk === null || this.#failure.code !== null || this.#closed || this.#retaining) return;
    this.#retaining = true;
    const { folder, retentionDays, maxBytes } = this.#settings;
    const own = { name: disk.instance.name, file: disk.file };
    try {
      removeExpired({ folder, own, retentionDays, maxBytes, now: this.#now() }, (removal) => {
        this.#event('retention', { ...removal });
        this.#turn();
        return this.#failure.code === null;
      });
    } catch (error) {
      this.#options.log.warn('audit files could not be cleared up', { code: failureCode(error) });
    } finally {
      this.#retaining = false;
    }
  }
}

/** A record as stdout has it: between the mark and the last brace stand the bytes of its line. */
const marked = (line: string): string => `{"audit":${line}}\n`;
