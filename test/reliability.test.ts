// docs/reliability.md promises a test for each behaviour: each of them is there.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

test('every test that docs/reliability.md names exists', () => {
  const rows = [...read('docs/reliability.md').matchAll(/^\|.*\| `(test\/[^`]+)`: (.*) \|$/gm)]
  expect(rows.length).toBeGreaterThan(30)
  const missing = rows.filter(([, file = '', name = '']) => !read(file).includes(name)).map(([row]) => row)
  expect(missing).toEqual([])
})
