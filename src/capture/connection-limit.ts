// How many connections the role, and the database, allow the daemon and the commands beside it. For check and status; reads only.
import { type Finding, fail, readableIdentifier, type Sql, warn } from './finding.js'

interface Limits {
  readonly role: string
  /** Of whom no limit counts. */
  readonly superuser: boolean
  /** -1: none. */
  readonly role_limit: number
  readonly database_limit: number
}

const limitsQuery = `
  SELECT r.rolname::text AS role, r.rolsuper AS superuser, r.rolconnlimit AS role_limit, d.datconnlimit AS database_limit
    FROM pg_roles r, pg_database d WHERE r.rolname = current_user AND d.datname = current_database()`

/** The stream, the looks at catalogs, and one for resolution; and for a second one, and `check` and `status` beside a daemon. */
const neededConnections = 3
const wantedConnections = 6

/** Empty where there are enough. */
export async function inspectConnectionLimit(sql: Sql): Promise<readonly Finding[]> {
  const { rows } = await sql.query<Limits>(limitsQuery)
  return rows.flatMap((facts) => (facts.superuser ? [] : limitFindings(facts)))
}

function limitFindings(facts: Limits): Finding[] {
  const role = readableIdentifier(facts.role)
  const limits = [
    [`role ${role}`, facts.role_limit, `ALTER ROLE ${role} CONNECTION LIMIT ${wantedConnections};`],
    ['this database', facts.database_limit, 'ALTER DATABASE … CONNECTION LIMIT -1;'],
  ] as const
  return limits.flatMap(([whose, limit, remedy]) => {
    if (limit < 0 || limit >= wantedConnections) return []
    const found = `${whose} has CONNECTION LIMIT ${limit}: the daemon needs ${neededConnections} connections, and ${wantedConnections} with its commands beside it`
    return [(limit < neededConnections ? fail : warn)('connection limit', found, remedy)]
  })
}
