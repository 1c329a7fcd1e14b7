// The lines that `npm run proof:mutations` breaks are those of today's code, and the tests that are to notice are there: it takes
// minutes, and is not run with every change.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { mutations } from '../proofs/mutations/list.js'
import { mutated } from '../proofs/mutations/mutated.js'

const root = new URL('../', import.meta.url)

test('every line that is broken on purpose stands in its file, once', () => {
  const stale = mutations.flatMap((mutation) => {
    const text = readFileSync(new URL(mutation.file, root), 'utf8')
    try {
      return mutated(text, mutation) === text ? [`${mutation.name}: nothing is broken`] : []
    } catch (error) {
      return [`${mutation.name}: ${error instanceof Error ? error.message : String(error)}`]
    }
  })
  expect(mutations.length).toBeGreaterThan(20)
  expect(stale).toEqual([])
})

test('every test that is to notice is there', () => {
  const files = readdirSync(new URL('test', root), { recursive: true }).map((file) => `test/${String(file)}`)
  const filters = mutations.flatMap(({ tests }) => tests.split(' '))
  expect(filters.filter((filter) => !files.some((file) => file.includes(filter)))).toEqual([])
})
