// `notifyd setup`: what the daemon needs of the database, as SQL that is printed for a DBA or run, and taken back by `--undo`.
// Publication first: a slot that is made before it would not know it. It refuses what would break the application's writes.
import { errorCode, NotReadyError } from '../base/errors.js'
import type { DatabaseAddress } from '../capture/connection.js'
import { type Control, openControl } from '../capture/control.js'
import { type DatabaseState, readState } from '../capture/database-state.js'
import { type Finding, readableIdentifier, type WatchedTable } from '../capture/finding.js'
import { granting, type Preparation, preparing, refusals, undoing } from '../capture/prepare.js'
import { readSlot } from '../capture/slot.js'
import { findingsTable } from './check.js'
import { jsonText } from './printable.js'

export interface SetupOptions {
  readonly address: DatabaseAddress
  /** Who the daemon will be: the role of the config's own URL. */
  readonly role: string
  readonly slot: string
  readonly publication: string
  readonly tables: readonly WatchedTable[]
  readonly printSql: boolean
  readonly undo: boolean
  /** What `check` fails at. */
  readonly failing: () => Promise<readonly Finding[]>
  readonly json: boolean
}

/**
 * What was done, and what is left to do, whoever has to do it; or the SQL.
 * @throws NotReadyError when it may not or must not be done; what pg throws.
 */
export async function setup(options: SetupOptions): Promise<string> {
  const { statements, next } = await withControl(options)
  const failing = options.printSql || options.undo ? null : (await options.failing()).filter(isFailing)
  if (options.json) return `${jsonText({ changed: !options.printSql, statements, failing })}\n`
  const done = next === null ? '' : `done: ${next}\n`
  return `${statements.map((line) => `${line}\n`).join('')}${done}${failing === null ? '' : stillFailing(failing)}`
}

const isFailing = ({ level }: Finding): boolean => level === 'fail'

const stillFailing = (failing: readonly Finding[]): string =>
  failing.length === 0 ? 'notifyd check finds all that it needs\n' : `notifyd check:\n${findingsTable(failing)}`

async function withControl(options: SetupOptions): Promise<Result> {
  const control = openControl(options.address, () => undefined)
  try {
    return options.printSql ? await printed(control, options) : await carriedOut(control, options)
  } finally {
    await control.close()
  }
}

interface Result {
  readonly statements: readonly string[]
  /** What to do now that they were carried out; null: they were not. */
  readonly next: string | null
}

const waiting = [
  '-- ALTER TABLE waits for transactions that are open, and writes wait behind it: rather fail, and be run again',
  "SET lock_timeout = '10s';",
]

/** The database is looked at where it lets us: the role that asks may be the one that is yet to be made. */
async function printed(control: Control, { slot, undo, ...options }: SetupOptions): Promise<Result> {
  let found: DatabaseState | null = null
  let note: string[] = []
  try {
    found = await readState(control, options)
  } catch (error) {
    const code = errorCode(error) ?? 'no code'
    note = [
      `-- the database could not be looked at (${code}): of a partitioned table, each partition needs REPLICA IDENTITY FULL,`,
      '-- and the publication WITH (publish_via_partition_root = true); --database-url gives a URL to look with',
    ]
  }
  const preparation = { ...options, found }
  if (undo) return { statements: [...note, ...waiting, ...undoing(preparation, slot)], next: null }
  refuse(preparation)
  return { statements: [...note, ...waiting, ...preparing(preparation), ...granting(preparation)], next: null }
}

async function carriedOut(control: Control, { slot, undo, ...options }: SetupOptions): Promise<Result> {
  const state = await readState(control, options)
  const preparation = { ...options, found: state }
  const done: string[] = []
  const statements = undo ? undoing(preparation, slot) : preparing(preparation)
  try {
    if (undo) await refuseInUse(control, slot, state.database)
    else refuse(preparation)
    for (const statement of statements) {
      if (!statement.startsWith('--')) await control.query(statement)
      done.push(statement)
    }
  } catch (error) {
    throw explained(error, undo, done.length)
  }
  const role = readableIdentifier(options.role)
  if (undo) return { statements: done, next: 'the journal file is yours to remove' }
  const isThere = state.role?.may_replicate === true
  // All of it: who makes the role and then asks `check` would be told of the grants one round later.
  const yet = `the role ${role} is yet to be made, or allowed to replicate:\n${granting(preparation).join('\n')}`
  return { statements: done, next: isThere ? `the daemon reads as ${role}` : yet }
}

function explained(error: unknown, undo: boolean, done: number): unknown {
  const code = errorCode(error)
  if (code === '55P03') {
    const found = `a table is in use by a transaction that stays open; ${done} statements were carried out`
    const remedy = 'run it again when the table is less busy: it goes on where it was'
    return new NotReadyError(found, remedy, { cause: error })
  }
  if (code !== '42501') return error
  const found = `this role may not ${undo ? 'take it back' : 'make the publication or change the tables'}`
  const flags = undo ? '--undo --print-sql' : '--print-sql'
  const remedy = `notifyd setup ${flags} prints the SQL: let the owner of the tables run it, or give --database-url`
  return new NotReadyError(found, remedy, { cause: error })
}

/** @throws NotReadyError with all that stands in the way. */
function refuse(preparation: Preparation): void {
  const all = refusals(preparation)
  if (all.length === 0) return
  throw new NotReadyError(all.map(({ found }) => found).join('; '), all.map(({ remedy }) => remedy).join(' '))
}

async function refuseInUse(control: Control, name: string, database: string): Promise<void> {
  const slot = await readSlot(control, name)
  if (slot?.active === true && slot.database === database)
    throw new NotReadyError(`slot ${name} is in use`, 'stop the daemon first')
}
