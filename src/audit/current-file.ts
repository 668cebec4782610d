import { close, closeSync, fdatasync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AuditFile } from './files.ts';

const synced = promisify(fdatasync);
const closed = promisify(close);

/**
 * The file that records are written to. What cannot be written whole is taken back, so that the file ends with a whole
 * line; the next try opens it anew.
 */
export class CurrentFile {
  readonly file: AuditFile;
  readonly #path: string;
  /** How long the file is, as far as this process has written it. */
  #size: number;
  #fd: number | null = null;
  #unsynced = false;
  #syncing: Promise<void> = Promise.resolve();

  /** @param size how much of what is there is kept */
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

  /** Writes whole lines: all of them or nothing. @throws the system's error */
  append(lines: string): void {
    const bytes = Buffer.from(lines);
    const fd = this.#fd ?? this.#open();
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
    } catch (error) {
      this.#takeBack(fd);
      throw error;
    }
    this.#size += bytes.length;
    this.#unsynced = true;
  }

  /** Opens the file, makes it if it is not there, and cuts off what was not written whole. @throws the system's error */
  #open(): number {
    const fd = openSync(this.#path, 'a', 0o600);
    try {
      const { size } = fstatSync(fd);
      if (size > this.#size) ftruncateSync(fd, this.#size);
      else this.#size = size;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    this.#fd = fd;
    return fd;
  }

  #takeBack(fd: number): void {
    try {
      ftruncateSync(fd, this.#size);
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
    if (isTakenAway(fd)) {
      this.#letGo(fd);
      this.#size = 0;
    }
    return syncing;
  }

  /** Settles when all of it is on the disk and the file is closed. */
  async close(): Promise<void> {
    const last = this.sync();
    if (this.#fd !== null) this.#letGo(this.#fd);
    await last;
    await this.#syncing;
  }
}

function isTakenAway(fd: number): boolean {
  try {
    return fstatSync(fd).nlink === 0;
  } catch {
    return false;
  }
}
