// The architecture as tests: which file may import which, and how long a file may be. Each rule is first shown a breach.
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import * as rules from './support/architecture.js'

const projectRoot = fileURLToPath(new URL('..', import.meta.url))

/** Every TypeScript file of these folders; one that is not there has none. */
async function read(...folders: readonly string[]): Promise<rules.Sources> {
  const present = new Set(await readdir(projectRoot))
  const sources: Record<string, string> = {}
  for (const folder of folders.filter((name) => present.has(name))) {
    for (const entry of await readdir(`${projectRoot}/${folder}`, { recursive: true })) {
      const path = `${folder}/${entry.replaceAll('\\', '/')}`
      if (path.endsWith('.ts')) sources[path] = await readFile(`${projectRoot}/${path}`, 'utf8')
    }
  }
  return sources
}

const src = await read('src')
const longRead = { ...src, ...(await read('testbed', 'demo', 'bench', 'chaos', 'proofs', 'scripts')) }
const tests = await read('test')

interface Rule {
  readonly name: string
  readonly breaches: (sources: rules.Sources) => string[]
  readonly sources: rules.Sources
  /** Files with one breach each. */
  readonly breached: rules.Sources
  /** Files that come close and are none. */
  readonly kept: rules.Sources
}

const table: Rule[] = [
  {
    name: 'imports point up the listing, and no folder imports a root file',
    breaches: rules.importsDownTheListing,
    sources: src,
    breached: {
      'src/base/log.ts': "import { a } from '../capture/lsn.js'",
      'src/change/model.ts': "import type {\n  A,\n  B,\n} from '../send/post.js'",
      'src/send/post.ts': "import { loadConfig } from '../config.js'",
      'src/journal/append.ts': "export { a } from '../terminal/tail.js'",
      'src/journal/schema.ts': "const late = await import('../status/state.js')",
      'src/util/x.ts': '',
    },
    kept: {
      'src/send/post.ts': "import { a } from './lanes.js'\nimport { b } from '../base/log.js'\nimport pg from 'pg'",
      'src/daemon.ts': "import { loadConfig } from './config.js'\nimport { tail } from './terminal/tail.js'",
    },
  },
  {
    name: 'relative imports stay in src and end with .js',
    breaches: rules.strayImports,
    sources: src,
    breached: {
      'src/base/log.ts': "import { a } from './time'",
      'src/base/time.ts': "import { a } from './log.ts'",
      'src/cli.ts': "import { a } from '../testbed/clinic.js'",
      'src/base/backoff.ts': "import '../../test/support/condition.js'",
    },
    kept: { 'src/cli.ts': "import { a } from './base/log.js'\n// from '../testbed/clinic.js'" },
  },
  {
    name: 'the parser, undici and SQLite are imported in one place each',
    breaches: rules.secondImporters,
    sources: src,
    breached: {
      'src/send/lanes.ts': "import { request } from 'undici'",
      'src/terminal/tail.ts': "import type { DatabaseSync } from '@photostructure/sqlite'",
      'src/journal/append.ts': "import { DatabaseSync } from 'node:sqlite'",
      'src/change/values.ts': "import { PgoutputPlugin } from 'pg-logical-replication'",
      'src/pipeline.ts': "import { a } from 'pg-logical-replication/dist/output-plugins'",
    },
    kept: {
      'src/send/post.ts': "import { request } from 'undici'",
      'src/capture/decode.ts': "import { PgoutputPlugin } from 'pg-logical-replication'",
      'src/journal/sqlite-driver.ts': "const a = await import('node:sqlite')\nimport '@photostructure/sqlite'",
    },
  },
  {
    name: 'there are no barrels',
    breaches: rules.barrels,
    sources: src,
    breached: { 'src/base/all.ts': "export * from './log.js'", 'src/send/index.ts': '' },
    kept: { 'src/index.ts': "export { a } from './compute/protocol.js'" },
  },
  {
    name: 'there is no any and no cast through unknown',
    breaches: rules.untyped,
    sources: src,
    breached: {
      'src/a.ts': 'const a: any = 1',
      'src/b.ts': 'const b = c as any',
      'src/c.ts': 'const c: Map<string, any> = d',
      'src/d.ts': 'const d = e as unknown as string',
    },
    kept: { 'src/a.ts': '// of any kind: any\n/** as any, : any */\nconst many = sql`a = any(b)`' },
  },
  {
    name: 'no file has more than 250 lines',
    breaches: (sources) => rules.longFiles(sources, 250),
    sources: longRead,
    breached: { 'testbed/a.ts': 'a\n'.repeat(251) },
    kept: { 'src/a.ts': 'a\n'.repeat(250) },
  },
  {
    name: 'every test runs',
    breaches: rules.unrunTests,
    sources: tests,
    breached: {
      'test/a.test.ts': `test${'.only'}('a', () => {})`,
      'test/b.test.ts': `describe${'.skip'}('b', () => {})`,
      'test/c.test.ts': `test.concurrent${'.skipIf'}(true)('c', () => {})`,
    },
    kept: { 'test/a.test.ts': "test.each([1])('only', () => {})" },
  },
]

describe.each(table)('$name', ({ breaches, sources, breached, kept }) => {
  test('is kept', () => {
    expect(Object.keys(sources).length).toBeGreaterThan(10)
    expect(breaches(sources)).toEqual([])
  })

  test('would be told of a breach', () => {
    expect(breaches(breached).map((breach) => breach.slice(0, breach.indexOf(':')))).toEqual(Object.keys(breached))
    expect(breaches(kept)).toEqual([])
  })
})

test('half of the files of src have at most 100 lines', () => {
  expect(rules.median([3, 200, 100])).toBe(100)
  expect(rules.median(Object.values(src).map(rules.lineCount))).toBeLessThanOrEqual(100)
})
