// The daemon's log: JSON lines where stdout is not a terminal, readable lines where it is. Only facts that spec
// section 10 allows may be given to it; an error is logged by class and code, never by a message that could quote a row.
import { type Logger, pino } from 'pino'
import pretty from 'pino-pretty'

export type Log = Logger
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

/** What lines look like, so that nothing of what they tell acts on the terminal that shows them. */
export interface LogText {
  /** @param line a JSON text and a newline */
  json(line: string): string
  /** One line, without time and level. @param facts `msg` among them */
  readable(facts: Readonly<Record<string, unknown>>): string
}

export interface LogOptions {
  readonly level: LogLevel
  /** Readable lines instead of JSON. Default: whether stdout is a terminal. */
  readonly readable?: boolean
  /** 2: stderr, where stdout is for results. Default: stdout. */
  readonly fd?: 1 | 2
  /** Default: as pino and pino-pretty have them. */
  readonly text?: LogText
}

/** A logger on stdout, or stderr. Writes are synchronous, so that the last line before an exit is never lost. */
export function createLog(options: LogOptions): Log {
  const { fd = 1, text } = options
  const settings = {
    level: options.level,
    base: null,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const readable = options.readable ?? process.stdout.isTTY === true
  if (readable) {
    const own = text && {
      messageFormat: (facts: Record<string, unknown>) => text.readable(facts),
      hideObject: true,
      // pino-pretty prints these beside the message, as they are.
      ignore: 'name,pid,hostname,caller,type,stack',
    }
    const colorize = process.env['NO_COLOR'] === undefined
    const translateTime = 'SYS:yyyy-mm-dd HH:MM:sso'
    return pino(settings, pretty({ destination: fd, sync: true, colorize, translateTime, singleLine: !text, ...own }))
  }
  const hooks = text && { streamWrite: (line: string) => text.json(line) }
  return pino({ ...settings, ...(hooks && { hooks }) }, pino.destination({ fd, sync: true }))
}
