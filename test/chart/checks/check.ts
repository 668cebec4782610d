import type { Render } from '../render.ts';

/** What is wrong with a render, one sentence each; none when it is in order. */
export type Check = (render: Render) => string[];
