// What every command of the command line shares.
import type { Command } from 'commander'
import type { ExitStatus } from './base/errors.js'

export interface Options {
  readonly config: string
  readonly json?: boolean
}

/** Tells the exit status of a command that came to its end. */
export type Finished = (status: ExitStatus) => void

/** Gives a command the options that all have, and an example. */
export type Shared = (command: Command, usage: string) => Command
