import { statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { AgentError } from '../errors.ts';
import { type FolderLock, takeFolderLock } from '../state/folder-lock.ts';
import { makePrivateFolder } from '../state/private-folder.ts';
import { Chain, type ChainEnd } from './chain.ts';
import { endOf } from './chain-end.ts';
import { CurrentFile } from './current-file.ts';
import { type AuditFile, DAY_MS, dayOf, fileOf, filesOf } from './files.ts';
import { type Instance, takeInstance } from './instance.ts';

export interface DiskChainOptions {
  /** The folder of all instances. */
  readonly folder: string;
  readonly host: string;
  /** A file is not written on when it is larger. */
  readonly partBytes: number;
}

/** This process's chain: its folder, its end, and the file it grows in. */
export class DiskChain {
  readonly instance: Instance;
  /** What was cut off at the end, as a process that died had not written it whole. */
  readonly torn: { readonly file: string; readonly bytes: number } | null;
  readonly #chain: Chain;
  readonly #partBytes: number;
  #lock: FolderLock;
  #current: CurrentFile;
  #dayEnds: number;

  /**
   * Takes a folder and finds the end of the chain in it.
   *
   * @param now epoch milliseconds
   * @throws the system's error
   */
  constructor({ folder, host, partBytes }: DiskChainOptions, now: number) {
    this.instance = takeInstance(folder, host);
    this.#lock = this.instance.lock;
    this.#partBytes = partBytes;
    try {
      const files = filesOf(this.instance.folder);
      const { tornBytes, ...end } = endOf(this.instance.folder, files);
      const newest = files.at(-1);
      this.#chain = new Chain(end);
      this.torn = newest === undefined || tornBytes === 0 ? null : { file: newest.name, bytes: tornBytes };
      this.#current = this.#goOnWith(newest ?? fileOf(dayOf(now), 1), tornBytes);
      this.#dayEnds = endOfDay(this.#current.file);
    } catch (error) {
      this.#lock.release();
      throw error;
    }
  }

  get end(): ChainEnd {
    return this.#chain.end;
  }

  get file(): AuditFile {
    return this.#current.file;
  }

  get unsynced(): boolean {
    return this.#current.unsynced;
  }

  /** The line of the next record, which is to be written next. */
  link(body: string): string {
    return this.#chain.link(body);
  }

  /**
   * Begins a new file when the day is over or the file is full. Files never go back in time: where the clock does, the
   * newest file is written on.
   *
   * @returns the closing of the old file; `null`: it is still the one
   * @throws the system's error
   */
  turnOver(now: number): Promise<void> | null {
    const { file, size } = this.#current;
    if (now < this.#dayEnds && size < this.#partBytes) return null;
    const day = now >= this.#dayEnds ? dayOf(now) : file.day;
    const old = this.#current;
    old.complete();
    const next = fileOf(day, day === file.day ? file.part + 1 : 1);
    this.#current = new CurrentFile(this.instance.folder, next, 0);
    this.#dayEnds = endOfDay(this.#current.file);
    return old.close();
  }

  /** All of the lines or nothing. @throws the system's error */
  append(lines: string): void {
    if (!this.#current.open && !this.#lock.stands()) this.#takeAgain();
    this.#current.append(lines);
  }

  sync(): Promise<void> {
    return this.#current.sync();
  }

  /** The same at once. @throws the system's error */
  syncNow(): void {
    this.#current.syncNow();
  }

  async close(): Promise<void> {
    try {
      await this.#current.close();
    } finally {
      this.#lock.release();
    }
  }

  /** The folder was taken away. The chain goes on in a new one, where `verify` names what is missing. */
  #takeAgain(): void {
    const { folder, name } = this.instance;
    makePrivateFolder(folder);
    const lock = takeFolderLock(folder, 'audit');
    if (lock === null) throw new AgentError('STATE_LOCKED', `${name} is another process's now.`);
    this.#lock.release();
    this.#lock = lock;
  }

  #goOnWith(file: AuditFile, tornBytes: number): CurrentFile {
    const { folder } = this.instance;
    const path = join(folder, file.name);
    const size = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) - tornBytes;
    // At once: the next record may belong into a new file.
    if (tornBytes > 0) truncateSync(path, size);
    return new CurrentFile(folder, file, size);
  }
}

const endOfDay = ({ day }: AuditFile): number => Date.parse(day) + DAY_MS;
