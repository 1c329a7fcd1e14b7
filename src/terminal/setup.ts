// `notifyd setup`: what the daemon needs of the database, as SQL that is printed for a DBA or run, and taken back by `--undo`.
// Publication first: a slot that is made before it would not know it. It refuses what would break the application's writes.
import { errorCode, NotReadyError } from '../base/errors.js'
import type { DatabaseAddress } from '../capture/connection.js'
import { type Control, openControl } from '../capture/control.js'
import { readableIdentifier, type WatchedTable } from '../capture/finding.js'
import { breaking, granting, type Preparation, preparing, readPublished, undoing } from '../capture/prepare.js'
import { readSlot } from '../capture/slot.js'

export interface SetupOptions {
  readonly address: DatabaseAddress
  /** Who the daemon will be: the role of the config's own URL. */
  readonly role: string
  readonly slot: string
  readonly publication: string
  readonly tables: readonly WatchedTable[]
  readonly printSql: boolean
  readonly undo: boolean
  readonly json: boolean
}

/** What was done, or the SQL. @throws NotReadyError when it may not or must not be done; what pg throws. */
export async function setup(options: SetupOptions): Promise<string> {
  const control = openControl(options.address, () => undefined)
  try {
    const { statements, next } = options.printSql ? await printed(control, options) : await carriedOut(control, options)
    if (options.json) return `${JSON.stringify({ changed: !options.printSql, statements })}\n`
    return `${statements.map((line) => `${line}\n`).join('')}${next === null ? '' : `done: ${next}\n`}`
  } finally {
    await control.close()
  }
}

interface Result {
  readonly statements: readonly string[]
  /** What to do now that they were carried out; null: they were not. */
  readonly next: string | null
}

/** The database is looked at where it lets us: the role that asks may be the one that is yet to be made. */
async function printed(control: Control, { slot, role, undo, ...options }: SetupOptions): Promise<Result> {
  let found: Preparation['found'] = null
  let note: string[] = []
  try {
    found = await readPublished(control, options.tables)
  } catch (error) {
    const code = errorCode(error) ?? 'no code'
    note = [
      `-- the database could not be looked at (${code}): of a partitioned table, each partition needs REPLICA IDENTITY FULL,`,
      '-- and the publication WITH (publish_via_partition_root = true); --database-url gives a URL to look with',
    ]
  }
  const preparation = { ...options, found }
  if (undo) return { statements: [...note, ...undoing(preparation, slot)], next: null }
  refuseBreaking(preparation)
  const statements = [...note, ...preparing(preparation), '', ...granting(options.tables, role)]
  return { statements, next: null }
}

async function carriedOut(control: Control, { slot, role, undo, ...options }: SetupOptions): Promise<Result> {
  const preparation = { ...options, found: await readPublished(control, options.tables) }
  const done: string[] = []
  try {
    if (undo) await refuseInUse(control, slot)
    else refuseBreaking(preparation)
    for (const statement of undo ? undoing(preparation, slot) : preparing(preparation)) {
      if (statement.startsWith('--')) continue
      const isThere = statement.startsWith('CREATE PUBLICATION') && (await hasPublication(control, options.publication))
      if (isThere) continue
      await control.query(statement)
      done.push(statement)
    }
  } catch (error) {
    if (errorCode(error) !== '42501') throw error
    const found = `this role may not ${undo ? 'take it back' : 'make the publication or change the tables'}`
    const flags = undo ? '--undo --print-sql' : '--print-sql'
    const remedy = `notifyd setup ${flags} prints the SQL: let the owner of the tables run it, or give --database-url`
    throw new NotReadyError(found, remedy, { cause: error })
  }
  const next = undo
    ? 'the journal file is yours to remove'
    : `run notifyd check; the daemon reads as ${readableIdentifier(role)}`
  return { statements: done, next }
}

function refuseBreaking(preparation: Preparation): void {
  const [first, ...more] = breaking(preparation)
  if (first === undefined) return
  const tables = [first, ...more]
  const found = `${tables.join(', ')} has no primary key and no replica identity: published, it would refuse the application's UPDATE and DELETE`
  throw new NotReadyError(found, tables.map((table) => `ALTER TABLE ${table} REPLICA IDENTITY FULL;`).join(' '))
}

async function refuseInUse(control: Control, name: string): Promise<void> {
  const slot = await readSlot(control, name)
  if (slot?.active === true) throw new NotReadyError(`slot ${name} is in use`, 'stop the daemon first')
}

async function hasPublication(control: Control, publication: string): Promise<boolean> {
  const { rows } = await control.query('SELECT FROM pg_publication WHERE pubname = $1', [publication])
  return rows.length > 0
}
