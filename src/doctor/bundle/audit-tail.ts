import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

const LINES = 200;
/** Of each file, from its end. */
const LONGEST_BYTES = 512 * 1024;

/** The newest records of the audit trail below a folder, oldest first, of the files written last. None: an empty list. */
export function auditTail(folder: string): readonly unknown[] {
  let records: unknown[] = [];
  for (const { path } of filesIn(folder)) {
    if (records.length >= LINES) break;
    records = [...lastRecords(path), ...records].slice(-LINES);
  }
  return records;
}

/** The file written last first. */
function filesIn(folder: string): { path: string; at: number }[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.jsonl'))
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((path) => ({ path, at: statSync(path).mtimeMs }))
      .sort((one, other) => other.at - one.at);
  } catch {
    return [];
  }
}

function lastRecords(path: string): unknown[] {
  try {
    return endOf(path)
      .split('\n')
      .slice(-LINES - 1)
      .flatMap(recordIn);
  } catch {
    return [];
  }
}

/** A line that was cut, by where reading began or by a crash, is no JSON. */
function recordIn(line: string): unknown[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}

function endOf(path: string): string {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const buffer = Buffer.alloc(Math.min(size, LONGEST_BYTES));
    const read = readSync(file, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8', 0, read);
  } finally {
    closeSync(file);
  }
}
