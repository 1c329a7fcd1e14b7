// `gaps accept` accepts what was named, or what halts the stream, and nothing that nobody has read.
import { expect, test } from 'vitest'
import { openDatabase } from '../../src/journal/sqlite-driver.js'
import { small } from '../support/config.js'
import { journaled, openJournalHome } from '../support/journal-home.js'

const facts = { slot: 'notifyd', reason: 'lost', from: '0/200', to: '0/300', bytes: 256, lastCommitAt: null } as const

test('the gap that halts, or what is named; gaps of rows by their names or --rows; what is not there is refused', async () => {
  await using home = await openJournalHome(small, [journaled({ commitLsn: 0x100n })])
  await home.write((journal) => journal.recordGap({ kind: 'slot is lost', ...facts }))
  const addRows = (...ids: number[]) => {
    const journal = openDatabase(home.journalFile)
    for (const id of ids)
      journal.exec(`INSERT INTO row_gap (id, source_id, commit_lsn, ordinal, committed_at_us, appointment_id, found_at)
        VALUES (${id}, (SELECT id FROM source), ${0x400 + (id >> 1)}, ${id}, 0, '${id}', 0)`)
    journal.close()
  }
  addRows(1, 2, 3)
  const { here } = home
  const accept = (...args: string[]) => here('gaps', 'accept', ...args)
  const listed = (await here('gaps', 'list')).out
  expect(listed).toMatch(/^gap 1 {2}\d.* 0\/200 … 0\/300 .*waits for notifyd gaps accept\n/)
  expect(listed).toMatch(/^row-1 {2}\d.* 0\/400 .*waits for notifyd gaps accept row-1, or --rows\n/m)

  const refused = async (...args: string[]) => {
    const { status, err } = await accept(...args)
    return [status, err.split('\n')[0]]
  }
  const none = 'notifyd: there is no gap'
  expect(await refused('7')).toEqual([2, `${none} 7: the nearest is 1`])
  expect(await refused('row-9')).toEqual([2, `${none} row-9: the nearest is row-1`])
  expect(await refused('1', '0/3FF')).toEqual([2, `${none} 0/3FF: the nearest is 0/400`])
  expect(await refused('yes')).toEqual([2, `${none} yes`])
  expect(await refused('row-1', '--rows')).toEqual([2, 'notifyd: give names of gaps or --rows, not both'])
  expect((await here('gaps', 'list')).out).not.toContain('accepted at')

  const first = (await accept()).out.split('\n')
  expect(first[0]).toBe('1 accepted: the daemon goes on behind it, at once where it runs')
  expect(first[1]).toMatch(/^gap 1 {2}.*accepted at/)
  expect(first.slice(3)).toEqual(['3 gaps of one row wait: notifyd gaps list', ''])
  expect((await accept()).out).toBe('no gap waits to be accepted\n3 gaps of one row wait: notifyd gaps list\n')

  // Rows 2 and 3 are of one commit, which names them both; 1 by its name; 4 came since, and waits.
  addRows(4)
  expect(JSON.parse((await accept('0/401', '--json')).out)).toEqual({ done: 2, accepted: ['row-2', 'row-3'] })
  const one = (await accept('row-1', '1')).out
  expect(one).toMatch(/^1 accepted: the record stays\ngap 1 .*\n.*\nrow-1 .*accepted at/)
  expect(one).toContain('\n1 gap of one row waits: notifyd gaps list\n')
  expect(JSON.parse((await accept('--rows', '--json')).out)).toEqual({ done: 1, accepted: ['row-4'] })
  expect((await accept('--rows')).out).toBe('no gap waits to be accepted\n')
})

test('--rows takes those that were there when it was asked', async () => {
  await using home = await openJournalHome(small, [journaled({ commitLsn: 0x100n })])
  const journal = openDatabase(home.journalFile)
  for (const id of [1, 2, 3])
    journal.exec(`INSERT INTO row_gap (id, source_id, commit_lsn, ordinal, committed_at_us, appointment_id, found_at)
      VALUES (${id}, (SELECT id FROM source), ${id}, 0, 0, '${id}', 0)`)
  journal.close()
  expect(await home.write((open) => open.acceptGaps({ rowsUpTo: 2 }))).toBe(2)
  expect(await home.write((open) => open.acceptGaps())).toBe(0)
  expect(await home.write((open) => open.acceptGaps({ rows: [1, 3] }))).toBe(1)
})
