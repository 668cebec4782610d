import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { AgentEvent } from '../audit/trail.ts';
import { failureCode } from '../errors.ts';
import type { Log } from '../log.ts';
import { makePrivateFolder } from '../state/private-folder.ts';

const FILE = 'paused.json';
/** Failures to look at the file that mean that this process can never have written it. */
const NEVER_WRITTEN = new Set(['ENOENT', 'ENOTDIR', 'EACCES']);

export interface PauseSwitchOptions {
  readonly stateDir: string;
  /**
   * Another process has the page: its switch is looked at with each call. Otherwise `sync` would go on relaying what the
   * server sends to its newer socket, and would not go on when the pause is over.
   */
  readonly follow?: boolean;
  readonly log: Log;
  /** Told when relaying was paused or resumed by the operator. */
  audited?(event: Extract<AgentEvent, 'paused' | 'resumed'>): void;
  readonly now?: () => number;
}

/** How the switch stands. */
export interface PauseState {
  /** Epoch milliseconds; `null`: not paused. */
  readonly since: number | null;
  /** Why a start anew would not find it as it stands; `null`: it would. */
  readonly problem: string | null;
}

/**
 * Whether the operator has paused relaying in this process. It is kept in `STATE_DIR/paused.json`, so that a start anew
 * stays paused: the file's being there says so, whatever is in it. Where it cannot be kept the switch works all the
 * same, and says that it is not kept.
 */
export class PauseSwitch {
  readonly #options: PauseSwitchOptions;
  readonly #path: string;
  readonly #now: () => number;
  #state: PauseState = { since: null, problem: null };

  constructor(options: PauseSwitchOptions) {
    const { stateDir, log, now = Date.now } = options;
    this.#options = options;
    this.#path = join(stateDir, FILE);
    this.#now = now;
    const since = this.#kept();
    if (since === null) return;
    this.#state = { since, problem: null };
    log.warn('relaying is paused, as it was before the start', {
      since: new Date(since).toISOString(),
      file: this.#path,
      hint: 'Calls are answered with 503. Resume it on the status page, or remove the file and start anew.',
    });
  }

  get state(): PauseState {
    return this.#state;
  }

  get paused(): boolean {
    if (this.#options.follow === true) this.#state = { since: this.#kept(), problem: null };
    return this.#state.since !== null;
  }

  /** Calls from Snyk's side are turned away from here on; does nothing when they are already. */
  pause(): void {
    if (this.paused) return;
    const since = this.#now();
    const failure = attempt(() => this.#keep(since));
    const problem = failure && `The pause could not be written (${failure}): after a start anew it is over.`;
    this.#state = { since, problem };
    this.#tell('paused', problem);
  }

  /** Calls are taken again; does nothing when they are already. */
  resume(): void {
    if (!this.paused) return;
    const failure = attempt(() => rmSync(this.#path, { force: true }));
    const problem = failure && `The pause's file could not be removed (${failure}): a start anew is paused.`;
    this.#state = { since: null, problem };
    this.#tell('resumed', problem);
  }

  #tell(event: 'paused' | 'resumed', problem: string | null): void {
    const { log, audited } = this.#options;
    log.warn(event === 'paused' ? 'relaying paused by the operator' : 'relaying resumed by the operator');
    if (problem !== null) log.error('pause not kept', { file: this.#path, reason: problem });
    audited?.(event);
  }

  /** Written aside, then moved: a crash leaves the whole file or none. */
  #keep(since: number): void {
    makePrivateFolder(this.#options.stateDir);
    const aside = `${this.#path}.new`;
    const file = openSync(aside, 'w', 0o600);
    try {
      writeFileSync(file, `${JSON.stringify({ pausedAt: new Date(since).toISOString() })}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(aside, this.#path);
  }

  /** Since when, by the file; by its own time where it does not tell. */
  #kept(): number | null {
    let since = this.#now();
    try {
      since = lstatSync(this.#path).mtimeMs;
    } catch (error) {
      return NEVER_WRITTEN.has(failureCode(error)) ? null : since;
    }
    try {
      const { pausedAt } = JSON.parse(readFileSync(this.#path, 'utf8')) as { pausedAt?: unknown };
      const told = Date.parse(String(pausedAt));
      return Number.isNaN(told) ? since : told;
    } catch {
      return since;
    }
  }
}

/** @returns the code of what it failed with */
function attempt(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    return failureCode(error);
  }
}
