// docs/security.md names what holds each of its claims: the files are there.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { inside, loopback, malformed, nowhere } from './send/hostile-urls.js'

const root = new URL('../', import.meta.url)
const page = readFileSync(new URL('docs/security.md', root), 'utf8')

test('every test that the page names is there, and every page that it links', () => {
  const tests = readdirSync(new URL('test', root), { recursive: true }).map((name) => `test/${name}`)
  const named = [...page.matchAll(/`((?:test\/)?[\w./-]+\.ts)`/g)].map(([, name = '']) => name)
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter((name) => !tests.some((path) => path === name || path.endsWith(`/${name}`)))).toEqual([])
  const links = [...page.matchAll(/\]\(([\w./-]+)/g)].map(([, link = '']) => link)
  expect(links.filter((link) => !existsSync(new URL(`docs/${link}`, root)))).toEqual([])
})

test('the hostile URLs are more than a hundred, and each is another', () => {
  const all = [...loopback, ...inside, ...nowhere, ...malformed]
  expect(new Set(all).size).toBe(all.length)
  expect(all.length).toBeGreaterThan(100)
})
