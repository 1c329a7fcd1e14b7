// Every command answers --help with an example of itself and says --json; what is mistyped is told with what is near.
import { type Command, CommanderError } from 'commander'
import { expect, test } from 'vitest'
import { UsageError } from '../src/base/errors.js'
import { commandLine } from '../src/cli-commands.js'

const program = await commandLine(() => undefined)

/** `gaps list` → its command; commands that have commands of their own are no commands themselves. */
function leaves(command: Command, path: readonly string[] = []): [name: string, command: Command][] {
  if (command.commands.length === 0) return [[path.join(' '), command]]
  return command.commands.flatMap((child) => leaves(child, [...path, child.name()]))
}

function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (part) => {
      text += part
    },
  })
  command.outputHelp()
  return text
}

test.each(leaves(program))('notifyd %s --help has an example, and --json', (name, command) => {
  const help = helpOf(command)
  expect(help).toMatch(new RegExp(`\\nExample:\\n  \\$ notifyd ${name}\\b`))
  expect(help).toContain('--json')
  expect(command.description()).not.toBe('')
})

test('protocols test says on whose screen what is printed', () => {
  const [, command] = leaves(program).find(([name]) => name === 'protocols test') ?? []
  expect(command === undefined ? '' : helpOf(command)).toMatch(/sends nothing[\s\S]*real patients', hashes are printed/)
})

test('there are commands', () => {
  expect(leaves(program).map(([name]) => name)).toEqual(
    expect.arrayContaining(['run', 'check', 'replay', 'gaps accept', 'dead-letters retry', 'retry', 'protocols test']),
  )
})

/** What is said about arguments that are wrong. */
async function complaint(args: readonly string[]): Promise<string> {
  let text = ''
  const own = await commandLine(() => undefined)
  const quiet = (command: Command) => {
    command.configureOutput({
      writeErr: (part) => {
        text += part
      },
    })
    command.commands.forEach(quiet)
  }
  quiet(own)
  await expect(own.parseAsync(args, { from: 'user' })).rejects.toThrow(CommanderError)
  return text
}

test.each([
  [['statsu'], 'Did you mean status?'],
  [['gaps', 'acept'], 'Did you mean accept?'],
  [['tail', '--folow'], 'Did you mean --follow?'],
  [['dead-letters', 'retry', '--endpoints', 'x'], 'Did you mean --endpoint?'],
  [['dead-letters', 'list', '--limit', 'all'], 'expected a whole number from 1 on'],
  [['tail', '--from', 'yesterday'], 'expected an LSN, like 0/16B3748, or a time'],
])('%j: %s', async (args, hint) => {
  expect(await complaint(args)).toContain(hint)
})

test.each([[['foo']], [['status', '--zzz']]])('%j: nothing is near, and nothing is suggested', async (args) => {
  const text = await complaint(args)
  expect(text).toContain('unknown')
  expect(text).not.toContain('mean')
})

test.each([
  [['protocols', 'test', 'a.ts', '--from', '0/1'], '--journal'],
  [['protocols', 'test', 'a.ts', '--show-payloads'], '--journal'],
  [['protocols', 'test', 'a.ts', '--journal', '--changes', 'x'], '--changes'],
  [['protocols', 'test', 'a.ts', 'b.ts', '--expected', 'x'], '--expected'],
])('%j do not go together: %s', async (args, message) => {
  const running = (await commandLine(() => undefined)).parseAsync(args, { from: 'user' })
  await expect(running).rejects.toThrow(UsageError)
  await expect(running).rejects.toThrow(message)
})
