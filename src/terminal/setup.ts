// `notifyd setup`: what the daemon needs of the database, as SQL that is printed for a DBA or run. Publication first: a slot
// that is made before it would not know it.
import { errorCode, NotReadyError } from '../base/errors.js'
import type { DatabaseAddress } from '../capture/connection.js'
import { openControl } from '../capture/control.js'
import { readableIdentifier, readableTable, type WatchedTable } from '../capture/finding.js'

export interface SetupOptions {
  readonly address: DatabaseAddress
  readonly publication: string
  readonly tables: readonly WatchedTable[]
  readonly printSql: boolean
}

/** What was done, or the SQL. @throws NotReadyError when the role in the config may not do this; what pg throws. */
export async function setup(options: SetupOptions): Promise<string> {
  if (options.printSql) return setupSql(options, roleOf(options.address.url))
  const control = openControl(options.address, () => undefined)
  try {
    const done = []
    for (const statement of publishing(options)) {
      const isThere = statement.startsWith('CREATE PUBLICATION') && (await hasPublication(control, options.publication))
      if (isThere) continue
      await control.query(statement)
      done.push(statement)
    }
    return `${done.join('\n')}\ndone: run notifyd check\n`
  } catch (error) {
    if (errorCode(error) !== '42501') throw error
    const role = roleOf(options.address.url)
    const found = `role ${readableIdentifier(role)} may not make the publication or change the tables`
    throw new NotReadyError(found, 'notifyd setup --print-sql prints the SQL: let the owner of the tables run it', {
      cause: error,
    })
  } finally {
    await control.close()
  }
}

async function hasPublication(control: ReturnType<typeof openControl>, publication: string): Promise<boolean> {
  const { rows } = await control.query('SELECT FROM pg_publication WHERE pubname = $1', [publication])
  return rows.length > 0
}

/** SQL for a privileged role: publication, replica identity, and the minimal grants of the daemon's own role. */
export function setupSql(options: Omit<SetupOptions, 'address' | 'printSql'>, role: string): string {
  const grantee = readableIdentifier(role)
  const read = options.tables.filter((table) => table.selected)
  const schemas = [...new Set(read.map((table) => readableIdentifier(table.schema)))]
  const lines = [
    ...publishing(options),
    '',
    `-- the daemon's role; give it a password: ALTER ROLE ${grantee} PASSWORD '…';`,
    `-- CREATE ROLE ${grantee} LOGIN REPLICATION;`,
    ...schemas.map((schema) => `GRANT USAGE ON SCHEMA ${schema} TO ${grantee};`),
    ...read.map((table) => {
      const columns = table.columns.map(readableIdentifier).join(', ')
      return `GRANT SELECT (${columns}) ON ${readableTable(table)} TO ${grantee};`
    }),
  ]
  return `${lines.join('\n')}\n`
}

function publishing({ publication, tables }: Omit<SetupOptions, 'address' | 'printSql'>): string[] {
  const published = tables.filter((table) => table.published)
  const needFull = published.filter((table) => table.needsOldImage || table.model === 'notestatechangeevent')
  return [
    ...needFull.map((table) => `ALTER TABLE ${readableTable(table)} REPLICA IDENTITY FULL;`),
    `CREATE PUBLICATION ${readableIdentifier(publication)} FOR TABLE ${published.map(readableTable).join(', ')};`,
  ]
}

const roleOf = (url: string): string => decodeURIComponent(/^\w+:\/\/([^:@/]*)[:@]/.exec(url)?.[1] ?? '') || 'notifyd'
