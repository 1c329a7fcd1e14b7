// Puts the demo clinic's schema into a database. In: a connection of its owner. Out: the tables, and (unless they are
// left out) the publication with its replica identities and the daemon's role, from migrations/clinical.
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type pg from 'pg'

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'migrations', 'clinical')

const files = { schema: '001-schema.sql', publication: '002-publication.sql', role: '003-role.sql' } as const

export type ClinicalMigration = keyof typeof files

export const clinicalMigrations: readonly ClinicalMigration[] = ['schema', 'publication', 'role']

/** Runs the migrations in the order given, each file in one transaction. */
export async function applyClinicalSchema(client: pg.ClientBase, migrations = clinicalMigrations): Promise<void> {
  for (const migration of migrations) await client.query(await readFile(join(folder, files[migration]), 'utf8'))
}

/** The role that `003-role.sql` makes. */
export const daemonRole = 'notifyd'

/** Makes the daemon's role known to the cluster with a password; to be done once a cluster, before its migrations. */
export async function createDaemonRole(superuser: pg.ClientBase, password: string): Promise<void> {
  const secret = superuser.escapeLiteral(password)
  await superuser.query(`CREATE ROLE ${daemonRole} LOGIN REPLICATION PASSWORD ${secret}`)
}
