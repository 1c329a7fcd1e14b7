// `status` and `gaps list` of a journal in memory, with ten thousand gaps of one row, beside a database of few connections: what
// `check` warns of is shown, and what is printed is bounded.
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Lsn } from '../../src/capture/lsn.js'
import { Journal } from '../../src/journal/journal.js'
import { openDatabase } from '../../src/journal/sqlite-driver.js'
import { acceptGaps, listGaps } from '../../src/terminal/gaps.js'
import { status } from '../../src/terminal/status.js'
import { source } from '../compute/changes.js'
import { createTestDatabase } from '../support/database.js'
import { acceptedGapsShape, listedGapsShape, rowGapsShape, statusShape } from './shapes.js'

const many = 10_000

/** A journal on a file system that a restart of the machine forgets. */
async function openForgetful() {
  const folder = await mkdtemp('/dev/shm/notifyd-status-')
  const path = join(folder, 'journal.db')
  const journal = await Journal.open(path)
  await journal.recordSlotCreated({ slot: 'notifyd', source, consistentLsn: 1n as Lsn })
  journal.close()
  const database = openDatabase(path)
  database.exec(`
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${many})
    INSERT INTO row_gap (source_id, commit_lsn, ordinal, committed_at_us, appointment_id, found_at)
    SELECT (SELECT min(id) FROM source), 4096, i, 1764000000000000, i, 1764000000000 FROM n`)
  database.close()
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

test('status tells of few connections and of a journal in memory; ten thousand gaps of one row fill no screen', async () => {
  await using database = await createTestDatabase()
  await database.query(`ALTER DATABASE ${database.name} CONNECTION LIMIT 5`)
  await database.query('SELECT pg_create_logical_replication_slot($1, $2)', [database.slot, 'pgoutput'])
  await using journal = await openForgetful()
  const { slot } = database
  const asked = { journal: journal.path, address: { url: database.url, tls: null }, slot, failover: false, http: null }

  const found = statusShape.parse(JSON.parse(await status({ ...asked, json: true })))
  expect(found.slot).toMatchObject({ hindrances: [expect.stringContaining('this database has CONNECTION LIMIT 5')] })
  expect(found.journal).toMatchObject({
    row_gaps: many,
    hindrances: [expect.stringContaining('on tmpfs, in memory: a restart of the machine loses the journal')],
  })
  const screen = await status({ ...asked, json: false })
  expect(screen).toContain('this database has CONNECTION LIMIT 5')
  expect(screen).toContain('is on tmpfs, in memory')
  expect(screen).toContain(`${many} wait, the stream goes on`)
  expect(screen.split('\n').length).toBeLessThan(25)

  const listed = await listGaps({ journal: journal.path, json: false, limit: 200 })
  expect(listed.split('\n')).toHaveLength(2 * 200 + 2)
  expect(listed).toMatch(/\n… and 9800 more rows that wait: --limit 10000 shows all that wait\n$/)
  const json = (limit: number) => listGaps({ journal: journal.path, json: true, limit })
  expect(rowGapsShape.parse(JSON.parse(await json(200)))).toHaveLength(200)
  expect(listedGapsShape.parse(JSON.parse(await json(many)))).toHaveLength(many)
  const accepted = await acceptGaps({ journal: journal.path, json: true, gapNotices: [], names: [], rows: true })
  expect(acceptedGapsShape.parse(JSON.parse(accepted))).toMatchObject({ done: many, accepted: { length: many } })
})
