import {
  close,
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { failureCode } from '../errors.ts';
import type { AuditFile } from './files.ts';

/** File systems that cannot be asked to write through. */
const NO_SYNC = new Set(['EINVAL', 'ENOSYS', 'ENOTSUP']);

const fileSynced = promisify(fdatasync);
const closed = promisify(close);

/** The beginning of a line at the end of the file, that could not be taken back yet. */
interface Remainder {
  readonly from: number;
  readonly to: number;
}

/**
 * The file that records are written to. What cannot be written whole is taken back, so that the file ends with a whole
 * line; the next try opens it anew. Nothing else is ever cut off: what others have done to the file is for `verify`.
 */
export class CurrentFile {
  readonly file: AuditFile;
  readonly #path: string;
  /** How long the file is, as far as this process has written it. */
  #size: number;
  #fd: number | null = null;
  #unsynced = false;
  #remainder: Remainder | null = null;
  #syncing: Promise<void> = Promise.resolve();

  /** @param size how long it is */
  constructor(folder: string, file: AuditFile, size: number) {
    this.file = file;
    this.#path = join(folder, file.name);
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  get unsynced(): boolean {
    return this.#unsynced;
  }

  get open(): boolean {
    return this.#fd !== null;
  }

  /** Writes whole lines: all of them or nothing. @throws the system's error */
  append(lines: string): void {
    const bytes = Buffer.from(lines);
    const fd = this.#fd ?? this.#open();
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(fd, bytes, written);
    } catch (error) {
      this.#takeBack(fd, written);
      throw error;
    }
    this.#size += bytes.length;
    this.#unsynced = true;
  }

  /** Sees to it that the file ends with a whole line. @throws the system's error */
  complete(): void {
    if (this.#remainder !== null) this.#open();
  }

  /** Opens the file, makes it if it is not there, and cuts off what was not written whole. @throws the system's error */
  #open(): number {
    const fd = openSync(this.#path, 'a', 0o600);
    try {
      const { size } = fstatSync(fd);
      const cut = this.#remainder !== null && size === this.#remainder.to ? this.#remainder.from : size;
      if (cut < size) ftruncateSync(fd, cut);
      this.#size = cut;
      this.#remainder = null;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    this.#fd = fd;
    return fd;
  }

  #takeBack(fd: number, written: number): void {
    try {
      if (written > 0) {
        const { size } = fstatSync(fd);
        this.#remainder = { from: size - written, to: size };
        ftruncateSync(fd, size - written);
        this.#remainder = null;
      }
    } catch {
      // Tried again when the file is opened next.
    }
    this.#letGo(fd);
  }

  #letGo(fd: number): void {
    this.#fd = null;
    this.#syncing = this.#syncing.then(
      () => closed(fd).catch(() => {}),
      () => closed(fd).catch(() => {}),
    );
  }

  /** Settles when what was written is on the disk. A file that somebody has taken away is made anew by the next write. */
  sync(): Promise<void> {
    const fd = this.#fd;
    if (fd === null || !this.#unsynced) return this.#syncing;
    this.#unsynced = false;
    this.#syncing = this.#syncing.then(
      () => synced(fd),
      () => synced(fd),
    );
    const syncing = this.#syncing;
    if (isTakenAway(fd, this.#path)) this.#letGo(fd);
    return syncing;
  }

  /** The same at once. @throws the system's error */
  syncNow(): void {
    try {
      if (this.#fd !== null) fdatasyncSync(this.#fd);
    } catch (error) {
      unlessNeverSynced(error);
    }
  }

  /** Settles when all of it is on the disk and the file is closed. */
  async close(): Promise<void> {
    const last = this.sync();
    if (this.#fd !== null) this.#letGo(this.#fd);
    await last;
    await this.#syncing;
  }
}

const synced = (fd: number): Promise<void> => fileSynced(fd).catch(unlessNeverSynced);

function unlessNeverSynced(error: unknown): void {
  if (!NO_SYNC.has(failureCode(error))) throw error;
}

/** Another file, or none, stands where this one was. */
function isTakenAway(fd: number, path: string): boolean {
  try {
    const { dev, ino } = fstatSync(fd);
    const there = statSync(path, { throwIfNoEntry: false });
    return there === undefined || there.ino !== ino || there.dev !== dev;
  } catch {
    return false;
  }
}
