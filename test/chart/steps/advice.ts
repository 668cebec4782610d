import { inTurn } from '../in-turn.ts';
import { template, valuesOf } from '../render.ts';
import type { Stage, Step } from './step.ts';

/** `--set` arguments by value. */
type Values = Readonly<Record<string, number>>;

const CASES: readonly Values[] = [1, 2, 3, 4].flatMap((replicas) =>
  [0, 1, 3].flatMap((maxSurge) =>
    [0, 1, 3].map((maxUnavailable) => ({
      'relay.replicas': replicas,
      'relay.maxSurge': maxSurge,
      'relay.maxUnavailable': maxUnavailable,
    })),
  ),
);

export const advice: Step = {
  name: 'numbers of pods that are refused are taken once they are what the refusal says',
  async run(stage) {
    const ended = await inTurn(CASES, 2, async (values) => {
      const refusal = await refusalOf(stage, values);
      if (refusal === '') return { refused: false, flaws: [] };
      const told = Array.from(refusal.matchAll(/(relay\.\w+) to (\d+)/g), ([, name = '', to]) => [
        name,
        Number(to),
      ]);
      const second = await refusalOf(stage, { ...values, ...Object.fromEntries(told) });
      return { refused: true, flaws: second === '' ? [] : [`${refusal} leads to ${second}`] };
    });
    const refused = ended.filter((one) => one.refused).length;
    return [
      ...ended.flatMap(({ flaws }) => flaws),
      ...(refused > 0 && refused < CASES.length ? [] : [`${refused} of ${CASES.length} are refused`]),
    ];
  },
};

async function refusalOf({ tools }: Stage, values: Values): Promise<string> {
  const set = Object.entries(values).map(([name, value]) => `${name}=${value}`);
  const own = ['-f', valuesOf('minimal'), '--set', 'podDisruptionBudget.enabled=false'];
  const { code, stderr } = await template(tools.helm, [...own, '--set', set.join(',')]);
  return code === 0 ? '' : stderr.trim();
}
