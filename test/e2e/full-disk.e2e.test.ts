// The journal's disk takes nothing more while the daemon runs: a real refusal by the kernel, of a limit on the size of files. The
// log names the journal and what to do, the waits grow, and with room again all of it is told.
import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { Clinic } from '../../testbed/clinic.js'
import { until } from '../support/condition.js'
import { openSite, seenCount } from '../support/site.js'

const message =
  'the journal cannot be written: nothing more is acknowledged, and the database keeps the WAL; trying again'

test('a disk that takes nothing more is named with its remedy, is tried less and less often, and costs nothing', async () => {
  await using site = await openSite()
  const clinic = new Clinic(site.client)
  const journal = site.home.journalFile
  const daemon = await site.start()
  await clinic.book({ patient: null })
  await site.receiver.until(() => seenCount(site.receiver) === 1)

  const limit = (bytes: string) => promisify(execFile)('prlimit', ['--pid', String(daemon.pid), `--fsize=${bytes}:`])
  await limit(String((await stat(`${journal}-wal`)).size))
  for (let at = 0; at < 20; at += 1) await clinic.book({ patient: null })
  const refusals = () => daemon.lines.filter(({ msg }) => msg === message)
  await until(() => refusals().length >= 4)
  expect(refusals()[0]).toMatchObject({
    reason: expect.stringContaining(journal),
    remedy: expect.stringContaining('disk'),
  })
  const waits = refusals().map((line) => Number(line['retry_in_ms']))
  expect(waits[3]).toBeGreaterThan((waits[0] ?? 0) * 3)

  await limit('unlimited')
  await site.receiver.until(() => seenCount(site.receiver) === 21)
  expect((await daemon.stop()).status).toBe(0)
})
