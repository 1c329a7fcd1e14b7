import { afterEach, expect, test } from 'vitest'
import { unconfiguredEndpoint } from '../../src/send/endpoint.js'
import { environmentProxy, environmentProxyProblem } from '../../src/send/proxy.js'
import { readSettings } from '../../src/settings.js'
import { errorOf, load, small, withEndpoint } from '../support/config.js'

const names = [
  'https_proxy',
  'HTTPS_PROXY',
  'http_proxy',
  'HTTP_PROXY',
  'all_proxy',
  'ALL_PROXY',
  'no_proxy',
  'NO_PROXY',
]
const before = new Map(names.map((name) => [name, process.env[name]]))

function environment(given: Readonly<Record<string, string>>): void {
  for (const name of names) delete process.env[name]
  Object.assign(process.env, given)
}

afterEach(() => {
  environment({})
  for (const [name, value] of before) if (value !== undefined) process.env[name] = value
})

const proxy = 'http://proxy.example:3128'

test.each<[Readonly<Record<string, string>>, string, string | null]>([
  [{}, 'https://a.example/', null],
  [{ HTTPS_PROXY: proxy }, 'https://a.example/', proxy],
  [{ https_proxy: proxy }, 'https://a.example/', proxy],
  [{ ALL_PROXY: proxy }, 'https://a.example/', proxy],
  [{ HTTP_PROXY: proxy }, 'http://a.example/', null],
  [{ HTTPS_PROXY: proxy, NO_PROXY: 'a.example' }, 'https://a.example/', null],
  [{ HTTPS_PROXY: proxy, NO_PROXY: 'a.example' }, 'https://b.a.example/', proxy],
  [{ HTTPS_PROXY: proxy, NO_PROXY: 'x, .example' }, 'https://a.example/', null],
  [{ HTTPS_PROXY: proxy, no_proxy: 'a.example:8443' }, 'https://a.example/', proxy],
  [{ HTTPS_PROXY: proxy, no_proxy: 'a.example:8443' }, 'https://a.example:8443/', null],
  [{ HTTPS_PROXY: proxy, NO_PROXY: '*' }, 'https://a.example/', null],
  [{ HTTPS_PROXY: proxy }, 'https://localhost:8443/', null],
  [{ HTTPS_PROXY: proxy }, 'https://127.0.0.1/', null],
  [{ HTTPS_PROXY: proxy }, 'https://[::1]/', null],
])('%o: %s is dialled through %s', (given, url, expected) => {
  environment(given)
  expect(environmentProxy(url)).toBe(expected)
})

test('it is the proxy of endpoints without one of their own, and of protocols’ URLs', async () => {
  environment({ HTTPS_PROXY: proxy })
  const proxyOf = async (config: unknown) => (await readSettings(await load(config))).endpoints[0]?.proxy
  expect(await proxyOf(small)).toBe(proxy)
  expect(await proxyOf(withEndpoint({ proxy: 'http://other.example:8080' }))).toBe('http://other.example:8080')
  expect(unconfiguredEndpoint('https://pager.example').proxy).toBe(proxy)
})

test.each(['socks5://user:hidden@proxy.example', 'http://user:hidden@'])(
  '%s is told at the start, unquoted',
  async (value) => {
    environment({ HTTPS_PROXY: value })
    const { problems } = await errorOf(readSettings(await load(small)))
    expect(problems).toEqual([{ path: '', message: environmentProxyProblem() }])
    expect(problems[0]?.message).toMatch(/^expected the http:\/\/ or https:\/\/ URL of a proxy/)
    expect(JSON.stringify(problems)).not.toContain('hidden')
  },
)
