/** A URL of an attack, and the reason code the agent refuses it with. */
export type Attempt = readonly [url: string, reason: string];

/** What the real broker server hands on as it comes, by the way it tries. */
export const ATTEMPTS: Readonly<Record<string, readonly Attempt[]>> = {
  'CVE-2020-7648, an allowed path behind a #': [
    ['/admin/secret#/users', 'fragment'],
    ['/projects/PLAT/repos/gateway/raw/secret.pem#/catalog-info.yaml', 'fragment'],
    ['/users#', 'fragment'],
    ['/users?limit=1#/projects/PLAT', 'fragment'],
  ],
  'CVE-2020-7649 in encoded dots, %2e%2e': [
    ['/%2e%2e/%2e%2e/commits', 'dot-segment'],
    ['/projects/%2e%2e/%2e%2e/%2e%2e/admin/users', 'dot-segment'],
    ['/projects/%2E%2E/admin/users', 'dot-segment'],
    ['/projects/.%2e/admin/users', 'dot-segment'],
    ['/projects/%2e./admin/users', 'dot-segment'],
    ['/projects/%2e/PLAT', 'dot-segment'],
    ['/projects/PLAT/%2e%2e', 'dot-segment'],
    ['/projects/PLAT%2f..%2f..%2fadmin', 'dot-segment'],
    ['/projects/PLAT%2F%2e%2e%2fadmin', 'dot-segment'],
  ],
  '..; and every other path parameter': [
    ['/projects/..;/admin/users', 'path-parameter'],
    ['/projects/..;x=y/admin/users', 'path-parameter'],
    ['/projects/%2e%2e;/admin/users', 'path-parameter'],
    ['/projects/..%3b/admin/users', 'path-parameter'],
    ['/projects/..%3B/admin/users', 'path-parameter'],
    ['/projects/.;/PLAT', 'path-parameter'],
    ['/projects/PLAT;x=1', 'path-parameter'],
    ['/users;jsessionid=1', 'path-parameter'],
    ['/;/users', 'path-parameter'],
  ],
  'a percent sign that is encoded itself': [
    ['/projects/%252e%252e/admin', 'encoded-percent'],
    ['/projects/%252E%252E%252Fadmin', 'encoded-percent'],
    ['/projects/PLAT%252frepos', 'encoded-percent'],
    ['/projects/100%25', 'encoded-percent'],
    ['/projects/%25%32%65%25%32%65/admin', 'encoded-percent'],
  ],
  'a backslash': [
    ['/projects/..\\admin', 'backslash'],
    ['/projects/a\\b', 'backslash'],
    ['/projects/%5c..%5cadmin', 'backslash'],
    ['/projects/..%5Cadmin', 'backslash'],
  ],
  'an encoded slash': [
    ['/projects/PLAT%2frepos', 'encoded-slash'],
    ['/projects%2FPLAT', 'encoded-slash'],
    ['/projects/PLAT%2f%2frepos', 'empty-segment'],
    ['/projects/%2frepos', 'empty-segment'],
    ['/%2fevil.example.com/users', 'empty-segment'],
  ],
  'control characters': [
    ['/projects/PLAT%00', 'control-character'],
    ['/projects/PLAT%00.yaml', 'control-character'],
    ['/users%0d%0ahost:%20evil', 'control-character'],
    ['/users%0a', 'control-character'],
    ['/projects/%7f', 'control-character'],
    ['/projects/%c2%85', 'control-character'],
  ],
  'what URL parsers rewrite': [
    ['/projects/{PLAT}', 'illegal-character'],
    ['/projects/"PLAT"', 'illegal-character'],
    ['/projects/<PLAT>', 'illegal-character'],
    ['/projects/`PLAT`', 'illegal-character'],
    ['/projects/PL^AT', 'illegal-character'],
    [`/projects/${'a'.repeat(8200)}`, 'bad-url'],
  ],
};

/** What the real server, its express or its HTTP parser, already stops: only a scripted server brings it to the agent. */
export const STOPPED_BY_THE_SERVER: Readonly<Record<string, readonly Attempt[]>> = {
  'CVE-2020-7649, dot segments as they are': [
    ['/projects/../../secret', 'dot-segment'],
    ['/users/../admin/users', 'dot-segment'],
    ['/..', 'dot-segment'],
    ['/../rest/api/1.0/admin', 'dot-segment'],
    ['/projects/./PLAT', 'dot-segment'],
    ['/projects/PLAT/.', 'dot-segment'],
    ['/projects/PLAT/..', 'dot-segment'],
    ['/projects/%09/..', 'control-character'],
  ],
  'an empty segment': [
    ['//evil.example.com/users', 'empty-segment'],
    ['/projects//PLAT', 'empty-segment'],
    ['/users//', 'empty-segment'],
    ['/projects//..//admin', 'empty-segment'],
  ],
  'a broken percent escape': [
    ['/projects/%zz', 'malformed-percent'],
    ['/projects/%', 'malformed-percent'],
    ['/projects/%2', 'malformed-percent'],
    ['/projects/%2g', 'malformed-percent'],
    ['/projects/%u002e%u002e', 'malformed-percent'],
    ['/projects/%-2e', 'malformed-percent'],
  ],
  'bytes that are not UTF-8, overlong dots and slashes first': [
    ['/projects/%c0%ae%c0%ae/admin', 'invalid-utf8'],
    ['/projects/%e0%80%ae%e0%80%ae/admin', 'invalid-utf8'],
    ['/projects/%f0%80%80%ae/admin', 'invalid-utf8'],
    ['/projects/..%c0%afadmin', 'invalid-utf8'],
    ['/projects/%c1%9c', 'invalid-utf8'],
    ['/projects/%ff', 'invalid-utf8'],
    ['/projects/%c3', 'invalid-utf8'],
    ['/projects/%ed%a0%80', 'invalid-utf8'],
    ['/projects/%f4%90%80%80', 'invalid-utf8'],
  ],
  'what HTTP cannot carry': [
    ['/users HTTP/1.1\r\nhost: evil\r\n\r\n', 'control-character'],
    ['/users?a=b\r\nx-evil: 1', 'control-character'],
    ['/users?a=b c', 'control-character'],
    ['/a b', 'control-character'],
    ['/projects/\t', 'control-character'],
    ['/projects/\u0000', 'control-character'],
    ['/projects/ü', 'non-ascii'],
    ['/projects/\uff0e\uff0e/admin', 'non-ascii'],
    ['/projects/\u2025/admin', 'non-ascii'],
    ['/users?name=ü', 'non-ascii'],
  ],
  'what is no path at all': [
    ['users', 'bad-url'],
    ['http://evil.example.com/users', 'bad-url'],
    ['@evil.example.com/users', 'bad-url'],
    [':8080/users', 'bad-url'],
    ['?users', 'bad-url'],
    ['.evil.example.com/users', 'bad-url'],
    [`/users?${'a'.repeat(100_000)}`, 'bad-url'],
  ],
};

/** Odd to look at and nothing wrong with them. */
export const LEGAL = [
  '/projects/PLAT',
  '/projects/PLAT/',
  '/projects/~jane.doe',
  '/projects/%7Ejane',
  '/users/%C3%BC',
  '/users/a%20b',
  '/users/%E7%BF%BB%E8%A8%B3',
  '/users/%F0%9F%98%80',
  '/users/a+b@c.example!',
  "/users/a'b(c)*d,e=f&g$h:i",
  '/users/...',
  '/users/..a',
  '/users/a|b[c]',
  '/users/%41',
  '/users?',
  '/users?limit=2&start=4',
  '/users?a=%20&b=+&c=%2B',
  '/users?a=%25&b=%2F..%2F&c=%23',
  '/users?x&&y=&=z?w',
  '/users?a;b;c',
  '/users?a=%C3%BC&b=%ff',
];

/** The same, but the real server stops them. */
export const LEGAL_STOPPED_BY_THE_SERVER = [
  '/users?u=https://x//..',
  '/users?path=../../etc/passwd',
  '/users?a=b//c',
  '/users?a=%zz&b=%',
  '/users?u=https://x/./y',
];
