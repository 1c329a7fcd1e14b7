#!/usr/bin/env node
// The program: parses the command line, and ends with the exit status. Results go to stdout, what went wrong to stderr.
import { CommanderError } from 'commander'
import { type ExitStatus, errorCode, JournalError, judge } from './base/errors.js'
import { commandLine } from './cli-commands.js'
import { defect, messageOf } from './defect.js'

const uncaught = 'nobody caught this, which is a defect of notifyd: please report it with the stack trace'

/** Its text holds names of objects, settings and files only. */
function explain(error: unknown): { readonly status: ExitStatus; readonly text: string } {
  const verdict = judge(error)
  const message = messageOf(error)
  if (verdict.tag === 'retry') return { status: 1, text: `${message} (${verdict.code})` }
  const { exitStatus: status, remedy, code } = verdict
  if (code === 'BUG') return { status, text: defect(error, remedy) }
  return {
    status,
    text: message.includes(remedy) || errorCode(error) === null ? message : `${message}\n  to mend it: ${remedy}`,
  }
}

/** What nobody caught. Everything that is owed is in the journal: the next start goes on. One that is damaged ends everything. */
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    process.stderr.write(`notifyd: ${error instanceof JournalError ? error.message : defect(error, uncaught)}\n`)
    process.exit(1)
  })
}

// Who reads has read enough: `notifyd tail | head`.
process.stdout.on('error', (error) => process.exit(errorCode(error) === 'EPIPE' ? 0 : 1))

let status: ExitStatus = 0
try {
  const program = await commandLine((result) => {
    status = result
  }, process.argv[2])
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) status = error.exitCode === 0 ? 0 : 2
  else {
    const explained = explain(error)
    process.stderr.write(`notifyd: ${explained.text}\n`)
    status = explained.status
  }
}
// A connection that was left behind while it was being made must not keep the process.
process.exit(status)
