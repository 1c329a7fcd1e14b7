// The last line of a log that is JSON: why the process ends, for who collects the log and reads no stderr. Written at every end
// that was not told in the log itself, also one that nobody foresaw; where the log is for people, stderr has told them.
import { safeJson } from './terminal/printable.js'

export interface Told {
  /** The exit status. */
  readonly status: number
  readonly code: string
  readonly text: string
}

export class LastLine {
  /** The log's own last line says it. */
  isTold = false

  /** @param args of the command line: only the daemon has a log on stdout */
  constructor(args: readonly string[]) {
    const isJson = process.stdout.isTTY !== true || args.includes('--json')
    if (args[0] !== 'run' || !isJson) this.isTold = true
    else process.once('exit', (status) => this.tell({ status, code: 'ENDED', text: atOnce }))
  }

  tell({ status, code, text }: Told): void {
    if (this.isTold) return
    this.isTold = true
    const level = status === 0 ? 'info' : 'fatal'
    const facts = { level, time: Date.now(), code, exit_status: status, reason: text, msg: 'ended' }
    // Synchronous on POSIX, so that it is out before the process is gone.
    process.stdout.write(safeJson(`${JSON.stringify(facts)}\n`))
  }
}

const atOnce = 'told to stop a second time, or nothing was left to do: the next start goes on where this one was'
