import { fileURLToPath } from 'node:url';

const place = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export const ROOT = place('');
export const CHART = place('helm');
export const SCENARIOS = place('helm/ci');
/** Programs and schemas that the runner has made; may be removed at any time. */
export const CACHE = place('.cache/chart');
/** A Go module that pins the programs. */
export const TOOLS_MODULE = place('test/chart/tools');
