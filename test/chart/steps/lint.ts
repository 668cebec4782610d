import { runProgram } from '../../kit/program.ts';
import { inTurn } from '../in-turn.ts';
import { CHART } from '../places.ts';
import { scenarios, valuesOf } from '../render.ts';
import type { Step } from './step.ts';

export const lint: Step = {
  name: 'helm lint --strict with every file of values',
  async run({ tools }) {
    const found = await inTurn(scenarios(), 2, async (scenario) => {
      const { code, stdout, stderr } = await runProgram(tools.helm, [
        'lint',
        '--strict',
        '-f',
        valuesOf(scenario),
        CHART,
      ]);
      return code === 0 ? [] : [`${scenario}: ${stderr}${stdout}`];
    });
    return found.flat();
  },
};
