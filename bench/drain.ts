import { connect } from 'node:net';

const BUFFER_BYTES = 256 * 1024;
const HEAD_END = Buffer.from('\r\n\r\n');
const SILENCE_MS = 60_000;

/**
 * Asks for a long answer and counts its bytes, all read into one buffer: the cheapest there is, so that the reader is not
 * what bounds the stream.
 *
 * @returns how many bytes of the body came
 * @throws when it is not answered with 200 and a `content-length`, or breaks off
 */
export function drain(url: string): Promise<number> {
  const { hostname, port, pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    let length: number | null = null;
    let bytes = 0;
    const read = (count: number, buffer: Uint8Array): boolean => {
      if (length === null) {
        head = Buffer.concat([head, buffer.subarray(0, count)]);
        const end = head.indexOf(HEAD_END);
        if (end < 0) return true;
        length = lengthIn(head.toString('latin1', 0, end));
        bytes = head.length - end - HEAD_END.length;
      } else bytes += count;
      if (bytes >= length) socket.destroy();
      return true;
    };
    const socket = connect({
      host: hostname,
      port: Number(port),
      onread: {
        buffer: Buffer.alloc(BUFFER_BYTES),
        callback(count, buffer) {
          try {
            return read(count, buffer);
          } catch (error) {
            socket.destroy(error instanceof Error ? error : undefined);
            return false;
          }
        },
      },
    });
    socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error(`nothing came for ${SILENCE_MS} ms`)));
    socket.on('error', reject);
    socket.on('close', () =>
      bytes === length ? resolve(bytes) : reject(new Error(`${bytes} bytes came, not ${length}`)),
    );
    socket.write(`GET ${pathname}${search} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`);
  });
}

function lengthIn(head: string): number {
  const length = /\r\ncontent-length: (\d+)(\r\n|$)/i.exec(head)?.[1];
  if (!head.startsWith('HTTP/1.1 200 ') || length === undefined)
    throw new Error(`not 200 with a length: ${head.slice(0, 300)}`);
  return Number(length);
}
