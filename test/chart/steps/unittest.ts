import { join } from 'node:path';
import { runProgram } from '../../kit/program.ts';
import { CHART } from '../places.ts';
import { filesIn } from '../render.ts';
import type { Step } from './step.ts';

export const unittest: Step = {
  name: 'helm unittest, one file a concern',
  async run({ tools }) {
    filesIn(join(CHART, 'tests'), '_test.yaml');
    const args = ['--strict', '--color=false', '-f', 'tests/*_test.yaml', CHART];
    const { code, stdout, stderr } = await runProgram(tools.unittest, args);
    const ran = /^Tests:\s+[1-9]\d* passed, \d+ total$/m.test(stdout);
    return code === 0 && ran ? [] : [`${stderr}${stdout}`];
  },
};
