// What every command of the command line shares.
import { type Command, InvalidArgumentError } from 'commander'
import type { ExitStatus } from './base/errors.js'
import { formatLsn, parseLsn } from './capture/lsn.js'

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
