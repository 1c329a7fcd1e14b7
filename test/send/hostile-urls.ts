// URLs that an attacker would give to a service that posts for him, by what they try. None of them may be dialled for a
// protocol, and none for the operator either where the address is not loopback.

/** The machine itself, in every spelling that a URL allows. */
export const loopback: readonly string[] = [
  'https://127.0.0.1/',
  'https://127.1/',
  'https://127.0.1/',
  'https://2130706433/',
  'https://0x7f.1/',
  'https://0x7f000001/',
  'https://0x7f.0x0.0x0.0x1/',
  'https://017700000001/',
  'https://0177.0.0.1/',
  'https://127.0.0.1./',
  'https://127.255.255.254/',
  'https://%31%32%37.0.0.1/',
  'https://１２７.０.０.１/',
  'https://①②⑦.⓪.⓪.①/',
  'https://127。0。0。1/',
  'https://12\n7.0.0.1/',
  'https://127.0.0.1\t/',
  'https:127.0.0.1',
  'https:\\\\127.0.0.1/',
  'https:////127.0.0.1/',
  'https://127.0.0.1:22/',
  'https://127.0.0.1?@example.org/',
  'https://127.0.0.1#@example.org/',
  'https://127.0.0.1\\@example.org/',
  'https://[::1]/',
  'https://[0:0:0:0:0:0:0:1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:7f00:1]/',
]

/** Addresses inside: private, link-local, metadata of clouds, and those that carry an IPv4 address within. */
export const inside: readonly string[] = [
  ...['10.0.0.1', '10.255.255.255', '0x0a.1', '012.0.0.1', '167772161'],
  ...['172.16.0.1', '172.31.255.255', '192.168.0.1', '0xc0a80001', '3232235521', '192.168.257'],
  ...['169.254.169.254', '0xa9fea9fe', '2852039166', '0251.0376.0251.0376', '169.254.43518', '169.254.170.2'],
  ...['100.100.100.200', '100.64.0.1', '168.63.129.16', '0xa83f8110', '192.0.0.192'],
  ...['[::ffff:10.0.0.1]', '[::ffff:a9fe:a9fe]', '[0:0:0:0:0:ffff:c0a8:1]', '[::ffff:168.63.129.16]'],
  ...['[fe80::1]', '[febf::1]', '[fec0::1]', '[fc00::1]', '[fd00:ec2::254]', '[fd20:ce::254]', '[fdff::1]'],
  ...['[64:ff9b::7f00:1]', '[64:ff9b::a9fe:a9fe]', '[64:ff9b:1::a00:1]', '[::ffff:0:127.0.0.1]'],
  ...['[2002:7f00:1::]', '[2002:a00:1::1]', '[2001::1]', '[::127.0.0.1]', '[::a9fe:a9fe]'],
].map((host) => `https://${host}/`)

/** Nobody's and everybody's addresses. */
export const nowhere: readonly string[] = [
  ...['0', '0.0.0.0', '0.1.2.3', '224.0.0.1', '239.255.255.255', '255.255.255.255', '240.0.0.1'],
  ...['192.0.2.1', '198.51.100.7', '203.0.113.9', '198.18.0.1', '192.88.99.1'],
  ...['[::]', '[ff02::1]', '[ff0e::1]', '[100::1]', '[2001:db8::1]', '[3fff::1]', '[5f00::1]', '[4000::1]'],
].map((host) => `https://${host}/`)

/** What is no https URL with a host, or hides where it goes. */
export const malformed: readonly string[] = [
  'http://example.org/',
  'HTTP://EXAMPLE.ORG/',
  'ftp://example.org/',
  'file:///etc/passwd',
  'file://127.0.0.1/etc/passwd',
  'javascript:alert(1)',
  'data:text/plain,x',
  'gopher://example.org/',
  'dict://127.0.0.1:11211/stat',
  'ldap://127.0.0.1/',
  'ws://example.org/',
  'wss://example.org/',
  'blob:https://example.org/1',
  'unix:/var/run/docker.sock',
  'http+unix://%2Fvar%2Frun%2Fdocker.sock/',
  'https://u:p@example.org/',
  'https://u@example.org/',
  'https://example.org@127.0.0.1/',
  'https://example.org:443@127.0.0.1/',
  'https://127.0.0.1.256/',
  'https://999.1.1.1/',
  'https://0x100000000/',
  'https://1.2.3.4.5/',
  'https://[::1%25lo]/',
  'https://[::1/',
  'https://example.org:99999/',
  'https://exa mple.org/',
  'https://exa%00mple.org/',
  'https://example.org%2f@127.0.0.1/',
  '//127.0.0.1/',
  '/appointments',
  'example.org',
  '',
  'https://',
  'https:///',
]

/** Names that only resolution can judge: refused at dial, by the address that answers. */
export const namesOfLoopback: readonly string[] = ['localhost', 'LOCALHOST', 'localhost.', 'app.localhost']
