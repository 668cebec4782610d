import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';

/** Runs a piece of code in a process of its own, as the log writes to the process's stdout. */
function run(code: string): string {
  const script = `import { createLog } from './src/log.ts'; ${code}`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout;
}

const lines = (output: string): Record<string, unknown>[] =>
  output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the log', () => {
  it('writes one JSON object a line, and none below its level', () => {
    const output = run(`
      const log = createLog('info');
      log.debug('not this');
      log.info('started', { port: 8000 });
      log.error('bad\\nnews');`);
    expect(lines(output)).toEqual([
      { level: 'info', message: 'started', port: 8000, timestamp: expect.stringMatching(/^\d{4}-.*Z$/) },
      { level: 'error', message: 'bad\nnews', timestamp: expect.any(String) },
    ]);
  });

  it('loses no line when the process exits at once', () => {
    const output = run(`
      const log = createLog('info');
      for (let count = 0; count < 1000; count += 1) log.info('line', { count });
      process.exit(0);`);
    expect(lines(output)).toHaveLength(1000);
  });

  it('hides a secret in every form it may have in a text, and one that comes later too', () => {
    const secret = 'p@ss "word"/1';
    const output = run(`
      let secrets = [];
      const log = createLog('info', () => secrets);
      const reveal = () => ${JSON.stringify(secret)};
      log.info('before');
      secrets = [{ reveal }];
      log.info('raw ' + reveal(), { percent: encodeURIComponent(reveal()), base64: btoa(reveal()) });`);
    const [, line] = output.trim().split('\n');
    expect(JSON.parse(line as string)).toMatchObject({
      message: 'raw [secret]',
      percent: '[secret]',
      base64: '[secret]',
    });
  });

  it('mangles no line over a secret of one letter', () => {
    const output = run(`createLog('info', () => [{ reveal: () => 'a' }]).info('a plain line');`);
    expect(lines(output)[0]).toMatchObject({ message: 'a plain line' });
  });
});
