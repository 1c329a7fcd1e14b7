// What is said of a journal whose disk is full, by the log and by `check`.
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { judgeRoom } from '../../src/journal/inspect.js'
import { noRoomBytes, UnwritableEnds, unwritable } from '../../src/journal/unwritable.js'
import { append, lsn, openJournal, owing } from './opened.js'

test('a full disk is the journal’s, with its path and what to do; the same code of another file is not', async () => {
  await using opened = await openJournal()
  const { journal } = opened
  const pages = await sql<{ page_count: number }>`PRAGMA page_count`.execute(journal.db)
  await sql.raw(`PRAGMA max_page_count = ${pages.rows[0]?.page_count ?? 0}`).execute(journal.db)
  const error: unknown = await append(journal, [owing({ body: 'x'.repeat(100_000) })], lsn(9)).then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(unwritable(error, '/data/journal.db')).toEqual({
    reason: 'the disk of the journal /data/journal.db is full',
    remedy: expect.stringMatching(/^make room on it.*NotifydJournalDiskFull in docs\/operations\.md$/),
  })
  expect(unwritable(Object.assign(new Error('elsewhere'), { code: 'ENOSPC' }), '/data/journal.db')).toBeNull()
})

test('a disk that fails is said otherwise than a full one', () => {
  const failing = Object.assign(new Error('disk I/O error', { cause: { errcode: 778 } }), { code: 'EIO' })
  expect(unwritable(failing, '/data/journal.db')?.reason).toBe('the journal /data/journal.db cannot be written')
})

test('ends of a journal that cannot be written are counted, whatever it could write between them', () => {
  const ends = new UnwritableEnds()
  expect([ends.ended(0), ends.ended(60_000), ends.ended(120_000)]).toEqual([1, 2, 3])
  expect([ends.ended(240_000), ends.ended(240_001)]).toEqual([1, 2])
})

test('check fails where there is no room, and warns where there is little', () => {
  expect([0, noRoomBytes - 1, noRoomBytes, 5e9].map((free) => judgeRoom('j', free).level)).toEqual([
    'fail',
    'fail',
    'warn',
    'ok',
  ])
  expect(judgeRoom('j', 0)).toMatchObject({
    found: 'j: no room to write, 0 MB free',
    remedy: expect.stringMatching(/^make room/),
  })
})
