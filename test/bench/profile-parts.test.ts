import { describe, expect, it } from '@jest/globals';
import { type CpuProfile, partsOf } from '../../bench/profile/parts.ts';

const frame = (functionName: string, url: string) => ({ functionName, url, lineNumber: 0, columnNumber: 0 });

const profile: CpuProfile = {
  startTime: 1_000,
  nodes: [
    { id: 1, callFrame: frame('(idle)', '') },
    { id: 2, callFrame: frame('writev', '') },
    { id: 3, callFrame: frame('(garbage collector)', '') },
    { id: 4, callFrame: frame('relay', 'file:///agent/src/relay/relay.ts') },
    { id: 5, callFrame: frame('record', 'file:///agent/src/relay/record.ts') },
    { id: 6, callFrame: frame('send', 'file:///agent/node_modules/ws/lib/sender.js') },
    { id: 7, callFrame: frame('emit', 'node:events') },
    { id: 8, callFrame: frame('', 'file:///agent/src/log.ts') },
    { id: 9, callFrame: frame('kuler', 'file:///agent/node_modules/@so-ric/colorspace/index.js') },
    { id: 10, callFrame: frame('wasm-function[20]', 'wasm://wasm/00034eea') },
  ],
  samples: [1, 2, 3, 4, 5, 4, 6, 7, 8, 9, 10, 2],
  timeDeltas: [100, 40, 30, 10, 5, 10, 20, 7, 6, 3, 2, 1_000],
};

describe('the parts of a profile', () => {
  it('are rooms, packages, Node, V8 and system calls, the dearest first, without what waits', () => {
    expect(partsOf(profile, { from: 0, to: 1_300 })).toEqual([
      { name: 'Node in C++: system calls, most of all', micros: 40, most: ['`writev`'] },
      { name: 'garbage collection', micros: 30, most: ['`(garbage collector)`'] },
      { name: '`src/relay/`', micros: 25, most: ['`relay`', '`record`'] },
      { name: '`ws`', micros: 20, most: ['`send`'] },
      { name: "Node's own modules", micros: 7, most: ['`emit`'] },
      { name: '`src/log.ts`', micros: 6, most: ['`nameless`'] },
      { name: '`@so-ric/colorspace`', micros: 3, most: ['`kuler`'] },
      { name: '`undici` in WebAssembly: its HTTP parser', micros: 2, most: ['`wasm-function[20]`'] },
    ]);
  });

  it('are of the time that is asked for', () => {
    expect(partsOf(profile, { from: 1_160, to: 1_185 })).toEqual([
      { name: 'garbage collection', micros: 30, most: ['`(garbage collector)`'] },
      { name: '`src/relay/`', micros: 15, most: ['`relay`', '`record`'] },
    ]);
  });
});
