// The daemon's log: JSON lines where stdout is not a terminal, readable lines where it is. Only facts that spec
// section 10 allows may be given to it; an error is logged by class and code, never by a message that could quote a row.
import { type Logger, pino } from 'pino'
import pretty from 'pino-pretty'

export type Log = Logger
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

export interface LogOptions {
  readonly level: LogLevel
  /** Readable lines instead of JSON. Default: whether stdout is a terminal. */
  readonly readable?: boolean
  /** 2: stderr, where stdout is for results. Default: stdout. */
  readonly fd?: 1 | 2
}

/** A logger on stdout, or stderr. Writes are synchronous, so that the last line before an exit is never lost. */
export function createLog(options: LogOptions): Log {
  const settings = {
    level: options.level,
    base: null,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const { fd = 1 } = options
  const readable = options.readable ?? process.stdout.isTTY === true
  if (readable) {
    return pino(
      settings,
      pretty({ destination: fd, sync: true, colorize: process.env['NO_COLOR'] === undefined, singleLine: true }),
    )
  }
  return pino(settings, pino.destination({ fd, sync: true }))
}
