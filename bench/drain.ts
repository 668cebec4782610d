import { get } from 'node:http';

/**
 * Asks for a long answer, counts its bytes as they come and keeps none: as cheap as it can be read. Rejects when it is
 * not answered with 200 or breaks off.
 */
export function drain(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false }, (response) => {
      if (response.statusCode !== 200) {
        request.destroy(new Error(`it is answered with ${response.statusCode}`));
        return;
      }
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on('end', () => resolve(bytes));
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}
