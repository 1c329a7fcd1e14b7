// The guide's example of another table, as the guide has it: the config's key and the protocol's file are its own.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { accept, answer } from '../../testbed/behaviour.js'
import { openSite } from '../support/site.js'

const root = new URL('../../', import.meta.url)
const guide = readFileSync(new URL('docs/protocols.md', root), 'utf8')

test('reports are paged by their own number, and one that is refused holds up no other', async () => {
  const models: unknown = JSON.parse(/`"models": (\{ "lab_report": .*?\} \})`/.exec(guide)?.[1] ?? 'null')
  await using site = await openSite({
    endpoint: { notifications: [] },
    config: { models, protocols: [fileURLToPath(new URL('examples/protocols/lab-report-pager.ts', root))] },
  })
  const { database, receiver } = site
  await database.query(`
    CREATE TABLE lab (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, patient_id int NOT NULL, flag text);
    ALTER PUBLICATION notifyd ADD TABLE lab`)
  const desk = { name: 'front-desk', url: receiver.url('/desk'), notifications: [], retry_seconds: [3600] }
  await site.configure({ ...site.config, endpoints: [desk] })
  receiver.program('/desk', [answer(400), accept])
  await site.start()
  await database.query(`INSERT INTO lab (patient_id, flag) SELECT 1, 'critical' FROM generate_series(1, 5)`)
  await receiver.until(({ posts }) => posts.length === 5)
  const bodies = receiver.posts.map(({ body }) => body as { report: number; critical: boolean })
  expect(bodies.map(({ report }) => report).toSorted()).toEqual([1, 2, 3, 4, 5])
  expect(bodies.every(({ critical }) => critical)).toBe(true)
  expect(receiver.delivered).toHaveLength(4)
})
