import { describe, expect, test } from 'vitest'
import { refusedAddress, refusedUrl, type UrlPolicy } from '../../src/send/url-policy.js'

const strict: UrlPolicy = { allowHttp: false, allowHosts: [], allowCidrs: [] }
const protocols = { configured: false }
const operators = { configured: true }

describe('a protocol’s URL', () => {
  test.each([
    'https://hooks.example.org/x?y=1',
    'https://example.org:8443/',
    'https://93.184.215.14/',
    'https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/',
    'HTTPS://EXAMPLE.ORG',
  ])('%s is dialled', (url) => {
    expect(refusedUrl(url, protocols, strict)).toBeNull()
  })

  const hosts = [
    ...[
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f.1',
      '0x7f000001',
      '017700000001',
      '127.0.0.1.',
      '0177.0.0.1',
      '0',
      '0.0.0.0',
    ],
    ...[
      '10.0.0.1',
      '10.255.255.255',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.0.1',
      '0xc0a80001',
      '3232235521',
      '192.168.257',
    ],
    ...['169.254.169.254', '0xa9fea9fe', '2852039166', '169.254.0.1', '100.100.100.200', '100.64.0.1', '168.63.129.16'],
    ...[
      '224.0.0.1',
      '239.255.255.255',
      '255.255.255.255',
      '240.0.0.1',
      '192.0.2.1',
      '198.51.100.7',
      '203.0.113.9',
      '198.18.0.1',
    ],
    ...[
      '[::1]',
      '[::]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[::ffff:10.0.0.1]',
      '[::ffff:a9fe:a9fe]',
      '[0:0:0:0:0:ffff:c0a8:1]',
    ],
    ...[
      '[fe80::1]',
      '[fc00::1]',
      '[fd00:ec2::254]',
      '[fdff::1]',
      '[ff02::1]',
      '[64:ff9b::7f00:1]',
      '[64:ff9b::a9fe:a9fe]',
    ],
    ...['[2002:7f00:1::]', '[2002:a00:1::1]', '[2001::1]', '[100::1]', '[2001:db8::1]', '[::127.0.0.1]'],
  ]
  test.each(hosts)('https://%s/ is refused', (host) => {
    expect(refusedUrl(`https://${host}/`, protocols, strict)).not.toBeNull()
  })

  test.each([
    ...['http://example.org/', 'http://localhost/', 'http://127.0.0.1/', 'ftp://example.org/', 'file:///etc/passwd'],
    ...[
      'javascript:alert(1)',
      'data:text/plain,x',
      'gopher://example.org/',
      'ws://example.org/',
      'https://u:p@example.org/',
    ],
    ...['https://u@example.org/', '//example.org/', 'example.org', '', 'https://', 'unix:/var/run/x.sock'],
  ])('%s is refused', (url) => {
    expect(refusedUrl(url, protocols, strict)).not.toBeNull()
  })

  test('is refused without being quoted', () => {
    expect(refusedUrl('https://10.0.0.1/secret-path?token=t', protocols, strict)).not.toMatch(/secret|token/)
  })
})

describe('an operator’s URL', () => {
  test.each([
    'http://localhost:8080/x',
    'http://127.0.0.1/',
    'http://[::1]:1/',
    'https://127.0.0.2/',
    'http://app.localhost/',
  ])('%s is dialled', (url) => {
    expect(refusedUrl(url, operators, strict)).toBeNull()
  })

  test.each(['http://example.org/', 'https://10.0.0.1/', 'http://localhost.example.org/', 'https://169.254.169.254/'])(
    '%s is refused',
    (url) => {
      expect(refusedUrl(url, operators, strict)).not.toBeNull()
    },
  )
})

describe('what is allowed', () => {
  test('http everywhere, but no private address by it', () => {
    const policy = { ...strict, allowHttp: true }
    expect(refusedUrl('http://example.org/', protocols, policy)).toBeNull()
    expect(refusedUrl('http://10.0.0.1/', protocols, policy)).not.toBeNull()
  })

  test('a host, whatever its address; its name exactly, in any case', () => {
    const policy = { ...strict, allowHosts: ['Inside.example'] }
    expect(refusedAddress('10.0.0.1', 'inside.EXAMPLE', protocols, policy)).toBeNull()
    expect(refusedAddress('10.0.0.1', 'x.inside.example', protocols, policy)).not.toBeNull()
    expect(refusedAddress('10.0.0.1', 'outside.example', protocols, policy)).not.toBeNull()
  })

  test('a network, v4-mapped addresses of it too', () => {
    const policy = { ...strict, allowCidrs: ['10.1.0.0/16', 'fd00::/8'] }
    expect(refusedAddress('10.1.255.1', 'h', protocols, policy)).toBeNull()
    expect(refusedAddress('::ffff:10.1.0.1', 'h', protocols, policy)).toBeNull()
    expect(refusedAddress('fd12::1', 'h', protocols, policy)).toBeNull()
    expect(refusedAddress('10.2.0.1', 'h', protocols, policy)).not.toBeNull()
    expect(refusedAddress('fc00::1', 'h', protocols, policy)).not.toBeNull()
  })
})

test('an address that a name was resolved to is judged like one that was written', () => {
  expect(refusedAddress('169.254.169.254', 'innocent.example', protocols, strict)).not.toBeNull()
  expect(refusedAddress('127.0.0.1', 'innocent.example', operators, strict)).toBeNull()
  expect(refusedAddress('', 'unknown.example', operators, strict)).not.toBeNull()
  expect(refusedAddress('93.184.215.14', 'example.org', protocols, strict)).toBeNull()
})
