// `npm run proof:mutations`: breaks one line at a time in a copy of the tree, and shows the test that notices. Exits 1 when a
// mutation survives.
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { mutations } from './list.js'
import { mutated } from './mutated.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const { values } = parseArgs({ options: { only: { type: 'string' } } })

async function copyTree(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'notifyd-mutation-'))
  const parts = ['src', 'test', 'testbed', 'migrations', 'package.json', 'tsconfig.json', 'tsconfig.build.json']
  const more = [
    'vitest.config.ts',
    'config.example.json',
    'config.schema.json',
    'docs',
    'bench',
    'chaos',
    'demo',
    'proofs',
    'scripts',
    'biome.json',
  ]
  for (const part of [...parts, ...more]) await cp(join(root, part), join(folder, part), { recursive: true })
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

/** Names of the tests that failed. */
async function failing(folder: string, tests: string): Promise<string[]> {
  const output = join(folder, 'report.json')
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const args = [vitest, 'run', ...tests.split(' '), '--reporter=json', `--outputFile=${output}`]
  await run(process.execPath, args, { cwd: folder, maxBuffer: 64e6 }).catch(() => undefined)
  const report = JSON.parse(await readFile(output, 'utf8')) as Report
  return report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName }) => `${name.slice(name.lastIndexOf('/test/') + 1)}: ${fullName.trim()}`),
  )
}

const folder = await copyTree()
let survivors = 0
try {
  for (const mutation of mutations.filter(({ name }) => values.only === undefined || name.includes(values.only))) {
    const file = join(folder, mutation.file)
    const original = await readFile(file, 'utf8')
    await writeFile(file, mutated(original, mutation))
    if (mutation.tests.includes('e2e'))
      await run(process.execPath, [join(root, 'node_modules/tsx/dist/cli.mjs'), 'scripts/bundle.ts'], { cwd: folder })
    const failed = await failing(folder, mutation.tests)
    await writeFile(file, original)
    if (failed.length === 0) survivors += 1
    process.stdout.write(`${failed.length === 0 ? '✗ SURVIVED' : '✓'} ${mutation.name}\n`)
    for (const test of failed.slice(0, 2)) process.stdout.write(`    ${test}\n`)
    if (failed.length > 2) process.stdout.write(`    and ${failed.length - 2} more\n`)
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
process.stdout.write(survivors === 0 ? 'every mutation was noticed\n' : `${survivors} survived\n`)
process.exitCode = survivors === 0 ? 0 : 1
