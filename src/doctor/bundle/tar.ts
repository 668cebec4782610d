/** One file of an archive. */
export interface TarEntry {
  /** At most 100 bytes of ASCII. */
  readonly name: string;
  readonly content: Buffer;
}

const BLOCK = 512;
const LONGEST_NAME = 100;
/** The largest size that its 11 octal digits hold. */
const LARGEST = 8 ** 11 - 1;

/**
 * An archive in the ustar format (POSIX.1-1988, IEEE Std 1003.1): readable by its owner only, owned by root.
 *
 * @param modified epoch milliseconds, for every file
 * @throws RangeError for a name that is too long or not ASCII, and a file that is too large
 */
export function tar(entries: readonly TarEntry[], modified: number): Buffer {
  const parts = entries.flatMap(({ name, content }) => [
    header(name, content.length, modified),
    content,
    Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK),
  ]);
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function header(name: string, size: number, modified: number): Buffer {
  if (name.length > LONGEST_NAME || !/^[\x21-\x7e]+$/.test(name))
    throw new RangeError('not a name for ustar');
  if (size > LARGEST) throw new RangeError('too large for ustar');
  const block = Buffer.alloc(BLOCK);
  const put = (text: string, at: number) => void block.write(text, at, 'latin1');
  put(name, 0);
  put(octal(0o600, 8), 100);
  put(octal(0, 8), 108);
  put(octal(0, 8), 116);
  put(octal(size, 12), 124);
  put(octal(Math.floor(modified / 1000), 12), 136);
  put(' '.repeat(8), 148);
  put('0', 156);
  put('ustar\0' + '00', 257);
  put('root', 265);
  put('root', 297);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;
