import { describe, expect, it } from '@jest/globals';
import { createNoProxy } from '../../src/network/no-proxy.ts';

const exempt = (entries: string, url: string): boolean => createNoProxy(entries.split(','))(new URL(url));

describe('NO_PROXY', () => {
  it.each([
    ['*', 'https://anything.example'],
    ['example.com', 'https://example.com'],
    ['example.com', 'https://git.example.com'],
    ['EXAMPLE.com', 'https://Git.Example.COM/'],
    ['example.com', 'https://git.example.com./'],
    ['.example.com', 'https://git.example.com'],
    ['.example.com', 'https://example.com'],
    ['*.example.com', 'https://a.b.example.com'],
    [' git , example.com ', 'http://git/x'],
    ['example.com:8443', 'https://example.com:8443'],
    ['example.com:443', 'wss://example.com'],
    ['example.com:80', 'ws://example.com'],
    ['10.0.0.1', 'http://10.0.0.1:7990'],
    ['10.0.0.1:7990', 'http://10.0.0.1:7990'],
    ['10.0.0.0/8', 'http://10.255.3.4'],
    ['::1', 'http://[::1]:7990'],
    ['[::1]:7990', 'http://[::1]:7990'],
    ['0:0:0:0:0:0:0:1', 'http://[::1]'],
    ['fd00::/8', 'http://[fd12::7]'],
    ['other,localhost', 'http://localhost:1'],
  ])('%s exempts %s', (entries, url) => {
    expect(exempt(entries, url)).toBe(true);
  });

  it.each([
    ['', 'https://example.com'],
    ['.', 'https://example.com'],
    [',', 'https://example.com'],
    ['example.com', 'https://notexample.com'],
    ['example.com', 'https://example.com.evil.test'],
    ['.example.com', 'https://notexample.com'],
    ['example.com:8443', 'https://example.com'],
    ['example.com:443', 'ws://example.com'],
    ['10.0.0.1', 'http://10.0.0.10'],
    ['10.0.0.1:80', 'http://10.0.0.1:7990'],
    ['10.0.0.0/8', 'http://11.0.0.1'],
    ['10.0.0.0/8', 'http://10.example.com'],
    ['10.0.0.0/33', 'http://10.0.0.1'],
    ['10.0.0.0/x', 'http://10.0.0.1'],
    ['0.0.1', 'http://10.0.0.1'],
    ['fd00::/8', 'http://[fe80::1]'],
    ['fd00::/8', 'http://10.0.0.1'],
    ['::1', 'http://[::2]'],
  ])('%s does not exempt %s', (entries, url) => {
    expect(exempt(entries, url)).toBe(false);
  });
});
