// What docs/protocols.md shows of TypeScript is what the examples say, which are type-checked and run.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

test('the methods that the guide shows stand in the examples', () => {
  const examples = readdirSync(new URL('examples/protocols/', root))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => read(`examples/protocols/${name}`))
  const shown = [...read('docs/protocols.md').matchAll(/```ts\n( {2}override [\s\S]*?)```/g)].map(
    ([, text = '']) => text,
  )
  expect(shown.length).toBeGreaterThanOrEqual(4)
  for (const text of shown) expect(examples.filter((example) => example.includes(text))).toHaveLength(1)
})
