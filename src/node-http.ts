/**
 * Node's HTTP and HTTPS. `import 'node:http'` reads every export, and behind some of them (`WebSocket`, `MessageEvent`)
 * stands Node's own copy of undici, which loads at that moment: 15 ms and 8 MiB for something that is used nowhere here.
 */
export const nodeHttp = process.getBuiltinModule('node:http');
export const nodeHttps = process.getBuiltinModule('node:https');
