// The command line from its arguments to the exit status. Results go to stdout, what went wrong to stderr; where the daemon's
// log is JSON its last line is too, whatever ends the process.
import { CommanderError } from 'commander'
import { type ExitStatus, errorCode, JournalError, judge } from './base/errors.js'
import { commandLine } from './cli-commands.js'
import { defect, messageOf } from './defect.js'
import { LastLine } from './last-line.js'
import type { ProcessSignals } from './process-signals.js'
import { printableLines } from './terminal/printable.js'

const uncaught = 'nobody caught this, which is a defect of notifyd: please report it with the stack trace'

interface Ending {
  readonly status: ExitStatus
  readonly code: string
  /** For people: names of objects, settings and files only. */
  readonly text: string
}

function explain(error: unknown): Ending {
  const verdict = judge(error)
  const message = messageOf(error)
  const { code } = verdict
  if (verdict.tag === 'retry') return { status: 1, code, text: `${message} (${code})` }
  const { exitStatus: status, remedy } = verdict
  if (code === 'BUG') return { status, code, text: defect(error, remedy) }
  const isWhole = message.includes(remedy) || errorCode(error) === null
  return { status, code, text: isWhole ? message : `${message}\n  to mend it: ${remedy}` }
}

/** @param args without node and the script; @param signals null: a command that is no daemon */
export async function main(args: readonly string[], signals: ProcessSignals | null): Promise<ExitStatus> {
  const lastLine = new LastLine(args)
  // What nobody caught. Everything that is owed is in the journal: the next start goes on. One that is damaged ends everything.
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      end(
        lastLine,
        error instanceof JournalError ? explain(error) : { status: 1, code: 'BUG', text: defect(error, uncaught) },
      )
      process.exit(1)
    })
  }
  // Who reads has read enough: `notifyd tail | head`.
  process.stdout.on('error', (error) => process.exit(errorCode(error) === 'EPIPE' ? 0 : 1))
  return carryOut(args, signals, lastLine)
}

/** Resolves to the exit status, whatever went wrong. */
export async function carryOut(
  args: readonly string[],
  signals: ProcessSignals | null,
  lastLine: LastLine,
): Promise<ExitStatus> {
  let status: ExitStatus = 0
  try {
    const program = await commandLine(
      (result) => {
        status = result
        lastLine.isTold = true
      },
      args[0],
      signals,
    )
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) status = end(lastLine, explain(error))
    else if (error.exitCode === 0) lastLine.isTold = true
    else {
      status = 2
      lastLine.tell({ status, code: 'USAGE', text: error.message })
    }
  }
  return status
}

function end(lastLine: LastLine, ending: Ending): ExitStatus {
  process.stderr.write(`notifyd: ${printableLines(ending.text)}\n`)
  lastLine.tell(ending)
  return ending.status
}
