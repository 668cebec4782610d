import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeTemporaryFolder } from '../../sandbox/temporary-folder.ts';
import { checkGo, ToolsMissing } from './tools.ts';

const { PATH } = process.env;
let folder: ReturnType<typeof makeTemporaryFolder>;

beforeEach(() => {
  folder = makeTemporaryFolder('chart-go');
  process.env.PATH = folder.path;
});
afterEach(() => {
  process.env.PATH = PATH;
  folder.remove();
});

const haveGo = (script: string) =>
  writeFileSync(join(folder.path, 'go'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

describe('the Go that the chart is tested with', () => {
  it.each([
    'go1.26',
    'go1.26.8',
    'go1.27rc1',
    'go2.0',
    'devel go1.27-5c6ac4e3',
  ])('may be %s', async (told) => {
    haveGo(`echo '${told}'`);
    await checkGo('1.26');
  });

  it.each(['go1.9', 'go1.20.14', 'go1.25.9'])('may not be %s, and is told what is needed', async (told) => {
    haveGo(`echo '${told}'`);
    await expect(checkGo('1.26')).rejects.toThrow(
      new ToolsMissing(`Go 1.26 or newer is needed. This one says: ${told}`),
    );
  });

  it('says why it does not run', async () => {
    haveGo("echo 'go.mod requires go >= 1.26.0 (running go 1.22)' >&2; exit 1");
    await expect(checkGo('1.26')).rejects.toThrow(/1\.26 or newer is needed.*running go 1\.22/);
  });

  it('is missed where there is none', async () => {
    await expect(checkGo('1.26')).rejects.toThrow(/there is no Go\. Install Go 1\.26/);
  });
});
