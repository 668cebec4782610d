/**
 * undici as the build takes it: what `src` imports, and none of what undici's own index loads beside it (fetch,
 * WebSocket, caches, mocks), which is two thirds of it. A name that `src` imports and that is missing here fails the build.
 */
import api from '../../node_modules/undici/lib/api/index.js';
import Dispatcher from '../../node_modules/undici/lib/dispatcher/dispatcher.js';

// As undici's index does.
Object.assign(Dispatcher.prototype, api);

export { default as buildConnector } from '../../node_modules/undici/lib/core/connect.js';
export { default as errors } from '../../node_modules/undici/lib/core/errors.js';
export { default as Pool } from '../../node_modules/undici/lib/dispatcher/pool.js';
export { default as ProxyAgent } from '../../node_modules/undici/lib/dispatcher/proxy-agent.js';
