// Runs the receivers of examples/receivers/, each in its own language, and the Python of docs/protocols.md. A language that is not
// installed is a failure, unless it is named: npm run examples -- --without go
import { execFileSync } from 'node:child_process'
import { isDeepStrictEqual } from 'node:util'
import { checkGuide } from '../testbed/guide-python.js'
import { expectedLines, trialOf } from '../testbed/receiver-example.js'

const receivers: Readonly<Record<string, readonly string[]>> = {
  typescript: [process.execPath, '--import', 'tsx', 'examples/receivers/receiver.ts'],
  python: ['python3', 'examples/receivers/receiver.py'],
  go: ['go', 'run', 'examples/receivers/receiver.go'],
}
const versions: Readonly<Record<string, readonly [string, string]>> = {
  python: ['python3', '--version'],
  go: ['go', 'version'],
}

const given = process.argv.slice(2)
const without = new Set(given.filter((argument, at) => argument !== '--without' && given[at - 1] === '--without'))
const unknown = [...without].filter((language) => !(language in receivers))
if (unknown.length > 0 || given.length !== without.size * 2) {
  throw new Error(`expected --without and one of ${Object.keys(receivers).join(', ')}`)
}

for (const [language, command] of Object.entries(receivers)) {
  if (without.has(language)) {
    process.stdout.write(`- ${language}: left out, as asked\n`)
    continue
  }
  const [file, argument] = versions[language] ?? [process.execPath, '--version']
  const version = execFileSync(file, [argument], { encoding: 'utf8' }).trim()
  const lines = await trialOf(command)
  if (!isDeepStrictEqual(lines, expectedLines)) throw new Error(`${language} said ${lines.join(', ')}`)
  process.stdout.write(`✓ ${language} (${version}): verifies, takes each once, sees a hole\n`)
}
if (!without.has('python')) {
  const compared = checkGuide()
  process.stdout.write(
    `✓ the Python of docs/protocols.md: ${compared} notifications, and its TypeScript sends the same\n`,
  )
}
