// What an author expects of a protocol, in a file beside it: read, written, and held against what it makes of the changes now.
import { existsSync, writeFileSync } from 'node:fs'
import * as z from 'zod'
import { errorCode, UsageError } from '../base/errors.js'
import { readJson } from './protocol-cases.js'
import type { ProtocolRun } from './protocol-run.js'

const runSchema = z.strictObject({
  change: z.string(),
  protocol: z.string(),
  status: z.string().nullable(),
  failed: z.string().nullable(),
  due_in: z.number().nullable(),
  narratives: z.array(z.string()),
  recommendations: z.array(z.unknown()),
  notifications: z.array(
    z.strictObject({ to: z.string(), headers: z.record(z.string(), z.string()), payload: z.unknown() }),
  ),
})

export interface Difference {
  readonly expected: ProtocolRun | null
  readonly found: ProtocolRun | null
}

export interface Comparison {
  readonly differences: readonly Difference[]
  /** Runs that only one of the two has, where that is no difference. */
  readonly uncompared: number
}

/** Null: there is none yet. @throws ConfigError for what `--update` did not write */
export function readExpectation(file: string): readonly ProtocolRun[] | null {
  return existsSync(file) ? readJson(file, z.array(runSchema)) : null
}

/** @throws UsageError where it cannot be written */
export function writeExpectation(file: string, runs: readonly ProtocolRun[]): void {
  try {
    writeFileSync(file, `${JSON.stringify(runs, null, 2)}\n`)
  } catch (cause) {
    throw new UsageError(`the expectation ${file} cannot be written (${errorCode(cause)})`, { cause })
  }
}

/** @param isOpen new changes come and old ones go, as in a journal: what only one of the two has is no difference then */
export function compare(expected: readonly ProtocolRun[], found: readonly ProtocolRun[], isOpen: boolean): Comparison {
  const before = new Map(expected.map((run) => [keyOf(run), run]))
  const now = new Map(found.map((run) => [keyOf(run), run]))
  const all = [...new Set([...now.keys(), ...before.keys()])].map((key) => ({
    expected: before.get(key) ?? null,
    found: now.get(key) ?? null,
  }))
  const isOneSided = (one: Difference) => one.expected === null || one.found === null
  const compared = isOpen ? all.filter((one) => !isOneSided(one)) : all
  return {
    differences: compared.filter((one) => JSON.stringify(one.expected) !== JSON.stringify(one.found)),
    uncompared: all.length - compared.length,
  }
}

export const keyOf = ({ change, protocol }: ProtocolRun): string => JSON.stringify([change, protocol])
