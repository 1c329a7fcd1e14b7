// `notifyd tail` beside a daemon that writes in the very moment in which it looks.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { disclose } from '../../src/journal/disclosures.js'
import { Journal } from '../../src/journal/journal.js'
import { Sqlite } from '../../src/journal/sqlite.js'
import { openDatabase } from '../../src/journal/sqlite-driver.js'
import { tail } from '../../src/terminal/tail.js'
import { disclosureShape, linesOf } from './shapes.js'

test('what comes between two reads is told once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'notifyd-tail-'))
  const path = join(folder, 'journal.db')
  const reader = await Journal.open(path)
  const daemon = new Sqlite(openDatabase(path))
  let made = 0
  const post = (notification: string) => {
    made += 1
    const facts = {
      id: made,
      endpoint: 'desk',
      url: null,
      lane: 'a',
      sequence: made,
      notification,
      attempts: 0,
      wait: null,
    }
    const delivery = { ...facts, webhookId: 'msg_a', commitLsn: null, committedAt: null, appointmentExternalId: null }
    disclose(daemon, delivery, { number: 1, startedAt: 1, durationMs: 1, status: 204, error: null }, 'delivered', false)
  }
  try {
    post('created')
    post('cancelled')
    const stop = new AbortController()
    let out = ''
    await tail({
      journal: path,
      // Read while a query is made: behind the cursor's, before its own is run.
      filter: {
        get notification() {
          if (made < 8) for (const one of ['created', 'cancelled']) post(one)
          return 'created'
        },
      },
      count: 20,
      follow: true,
      json: true,
      write: async (text) => {
        out += text
        if (text.includes('"sequence":9,')) stop.abort()
        if (made === 8 && text === '') post('created')
      },
      signal: stop.signal,
    })
    expect(linesOf(disclosureShape, out).map(({ sequence }) => sequence)).toEqual([1, 3, 5, 7, 9])
  } finally {
    daemon.close()
    reader.close()
    await rm(folder, { recursive: true })
  }
})
