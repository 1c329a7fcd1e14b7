// A journal from before images had an order: what its migration makes of the rows that are there.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { JournaledImages } from '../../src/journal/images.js'
import { Sqlite } from '../../src/journal/sqlite.js'
import { openDatabase } from '../../src/journal/sqlite-driver.js'
import { appointment } from '../compute/changes.js'

async function migrated(sqlite: Sqlite, name: string): Promise<void> {
  const file = new URL(`../../migrations/journal/sqlite/${name}.sql`, import.meta.url)
  const text = (await readFile(file, 'utf8')).replaceAll(/--.*$/gm, '')
  for (const statement of text.split(/;\s*$/m)) if (statement.trim() !== '') sqlite.run(statement)
}

test('images get their order, and ids of char(n) lose the blanks at their end, in owed lanes too', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'notifyd-upgrade-'))
  const database = openDatabase(join(folder, 'journal.db'))
  try {
    const sqlite = new Sqlite(database, 'owner')
    await migrated(sqlite, '001-journal')
    const put = (id: string, note_id: string, more: object = {}) =>
      sqlite.run('INSERT INTO appointment_image (appointment_id, note_id, appointment, inserted) VALUES (?, ?, ?, 1)', [
        id,
        note_id,
        JSON.stringify({ ...appointment, id, note_id, ...more }),
      ])
    put('9', '5')
    put('10', '5')
    put('11', '5', { entered_in_error: true })
    put('12', '5', { deleted: true })
    put('b   ', '6 ', { externally_exposable_id: 'b uuid  ' })
    put('c   ', '6 ', { deleted: true, appointment_rescheduled_from_id: 'b   ' })
    put('z', '7', { externally_exposable_id: null })
    put('y', '7', { appointment_rescheduled_from_id: 'z' })
    sqlite.run(`INSERT INTO delivery (webhook_id, endpoint, lane, notification, protocol, headers, body)
                VALUES ('msg_1', 'desk', 'appointment b uuid  ', 'created', 'P', '{}', '{}')`)
    sqlite.run(`INSERT INTO lane_wait VALUES ('desk', 'appointment b uuid  ', 1, 0)`)
    await migrated(sqlite, '007-image-order')
    const images = new JournaledImages(sqlite)
    const ids = (note: string) => images.ofNotes(new Map([[note, 9]])).map(({ appointment: { id } }) => id)
    expect([ids('5'), ids('6'), ids('7')]).toEqual([
      ['10', '9', '11', '12'],
      ['b', 'c'],
      ['y', 'z'],
    ])
    expect(images.byId(['b'])[0]?.appointment).toEqual({
      ...appointment,
      id: 'b',
      note_id: '6',
      externally_exposable_id: 'b uuid',
    })
    expect(images.byId(['z'])[0]?.appointment.externally_exposable_id).toBeNull()
    const lanes = sqlite.all('SELECT lane FROM delivery UNION ALL SELECT lane FROM lane_wait')
    expect(lanes).toEqual([{ lane: 'appointment b uuid' }, { lane: 'appointment b uuid' }])
  } finally {
    database.close()
    await rm(folder, { recursive: true })
  }
})
