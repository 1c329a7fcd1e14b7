import { describe, expect, test } from 'vitest'
import { canonicalHost, refusedAddress, refusedUrl, type UrlPolicy } from '../../src/send/url-policy.js'
import { inside, loopback, malformed, nowhere } from './hostile-urls.js'

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

  test.each([...loopback, ...inside, ...nowhere, ...malformed])('%j is refused', (url) => {
    expect(refusedUrl(url, protocols, strict)).not.toBeNull()
    // http allowed: the address is still judged
    if (!malformed.includes(url)) {
      expect(refusedUrl(url.replace(/^https/, 'http'), protocols, { ...strict, allowHttp: true })).not.toBeNull()
    }
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

  test.each([
    ...inside,
    ...nowhere,
    ...malformed,
    'http://10.0.0.1/',
    'http://localhost.example.org/',
    'http://localhost.example.org./',
  ])('%j is refused', (url) => {
    expect(refusedUrl(url, operators, strict)).not.toBeNull()
  })
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

  test.each([
    ['[::1]', 'http://[::1]:8080/'],
    ['::1', 'https://[0:0:0:0:0:0:0:1]/'],
    ['0x7f.1', 'http://127.0.0.1/'],
    ['127.0.0.1', 'https://[::ffff:7f00:1]/'],
    ['LOCALHOST.', 'http://localhost/'],
    ['[FD00:0::1]', 'https://[fd00::1]/'],
  ])('a host however it is written: %s is %s', (allowed, url) => {
    expect(refusedUrl(url, protocols, { ...strict, allowHosts: [allowed] })).toBeNull()
    expect(refusedUrl(url, protocols, { ...strict, allowHosts: ['other.example', '[::2]'] })).not.toBeNull()
  })

  test('a name of another script, as URLs have it', () => {
    const policy = { ...strict, allowHosts: ['bücher.example'] }
    expect(refusedAddress('10.0.0.1', 'xn--bcher-kva.example', protocols, policy)).toBeNull()
  })

  test.each(['example.org:443', '[::1]:8080', '*.example.org', '*', '', 'a b', 'https://a.example', 'a/b', 'u@a'])(
    '%j is no host to allow',
    (text) => {
      expect(canonicalHost(text)).toBeNull()
    },
  )

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
