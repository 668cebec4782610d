import type { Schemas } from '../schemas/schemas.ts';
import type { Tools } from '../tools.ts';

export interface Stage {
  readonly tools: Tools;
  readonly schemas: Schemas;
}

/** One thing that is proved of the chart. */
export interface Step {
  readonly name: string;
  /** What is wrong, one text each; none when all is in order. */
  run(stage: Stage): Promise<readonly string[]>;
}
