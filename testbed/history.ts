// What happens to a server's history: a promotion, a backup put back, one backup promoted twice. In: a server that is
// stopped, unless it says otherwise; what was done shows at its next start. Slots stay what they were in the data.
import { execFile } from 'node:child_process'
import { appendFile, chown, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import type { TestPostgres } from './postgres.js'

/** It ends a recovery when it starts, and so begins a new timeline at the end of its WAL. */
export async function promote({ dataDir }: TestPostgres): Promise<void> {
  const { uid, gid } = await stat(dataDir)
  const signal = join(dataDir, 'recovery.signal')
  await writeFile(signal, '')
  await chown(signal, uid, gid)
  // Until it is a primary nobody is let in: a server that takes readers before counts as started.
  await appendFile(join(dataDir, 'postgresql.conf'), "\nrestore_command = 'false'\nhot_standby = off\n")
}

/** A file-level copy of its data (a volume's snapshot, a machine's), which `putBack` makes its data again. */
export async function backUp({ dataDir }: TestPostgres): Promise<void> {
  await rm(copyOf(dataDir), { recursive: true, force: true })
  await copy(dataDir, copyOf(dataDir))
}

/** Everything written since `backUp` is gone: same system identifier, same timeline. The copy stays, for another time. */
export async function putBack({ dataDir }: TestPostgres): Promise<void> {
  await rm(dataDir, { recursive: true })
  await copy(copyOf(dataDir), dataDir)
}

/**
 * The copy promoted: another timeline than the data before had, of the number that comes next in the copy. Of two
 * promotions of one copy both have the same number; `forwardSegments` tells apart where they begin, since as many WAL
 * segments are filled first.
 */
export async function promoteCopy(postgres: TestPostgres, forwardSegments = 0): Promise<void> {
  await putBack(postgres)
  if (forwardSegments > 0) {
    await postgres.start()
    await fillSegments(postgres, forwardSegments)
    await postgres.stop('fast')
  }
  await promote(postgres)
}

/** Of a running server: its WAL moves on by so many segments (16 MB each), with nothing in them. */
export async function fillSegments(postgres: TestPostgres, count: number): Promise<void> {
  const client = new pg.Client(postgres.superuserUrl())
  await client.connect()
  try {
    for (let filled = 0; filled < count; filled += 1) {
      // A segment with nothing in it is not switched.
      await client.query("SELECT pg_logical_emit_message(false, 'testbed', 'x')")
      await client.query('SELECT pg_switch_wal()')
    }
  } finally {
    await client.end()
  }
}

const copyOf = (dataDir: string): string => `${dataDir}.backup`

async function copy(from: string, to: string): Promise<void> {
  await promisify(execFile)('cp', ['-a', from, to])
}
