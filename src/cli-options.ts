// What every command of the command line shares.
import { type Command, InvalidArgumentError } from 'commander'
import { type ExitStatus, UsageError } from './base/errors.js'
import { formatLsn, parseLsn } from './capture/lsn.js'
import { placeOf } from './terminal/moment.js'

export interface Options {
  readonly config: string
  readonly json?: boolean
}

/** Tells the exit status of a command that came to its end. */
export type Finished = (status: ExitStatus) => void

/** Gives a command the options that all have, and an example. */
export type Shared = (command: Command, usage: string) => Command

export function aCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('expected a whole number from 1 on.')
  return count
}

/** An LSN in any padding → as PostgreSQL prints it. */
export function anLsn(text: string): string {
  try {
    return formatLsn(parseLsn(text))
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new InvalidArgumentError('expected an LSN, like 0/16B3748.')
  }
}

/** An LSN or a time, as it was given. */
export function aPlace(text: string): string {
  try {
    placeOf('', text)
    return text
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new InvalidArgumentError('expected an LSN, like 0/16B3748, or a time, like 2026-11-24T08:00-05:00 or 2h.')
  }
}
