// `npm run proof:endpoint-back`: how soon an endpoint that refused connections is paid once it is back, with the default schedule.
// In: --seconds of refusal, --appointments owed. Out: the first and the last delivery after its port is open again, and the
// longest that it was not asked; status 1 where that is over 5 s, or something is missing or out of order.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { Clinic } from '../../testbed/clinic.js'
import { applyClinicalSchema } from '../../testbed/clinical-schema.js'
import { makeHome, spawnNotifyd } from '../../testbed/daemon.js'
import { startPostgres } from '../../testbed/postgres.js'
import { startReceiver } from '../../testbed/receiver.js'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '100' }, appointments: { type: 'string', default: '200' } },
})
const seconds = Number(values.seconds)
const appointments = Number(values.appointments)
const secret = `whsec_${Buffer.from('of the proof of an endpoint').toString('base64')}`

await using postgres = await startPostgres()
await using receiver = await startReceiver({ secrets: [secret] })
await using home = await makeHome({
  database: { url: postgres.superuserUrl() },
  endpoints: [{ name: 'scheduling', url: receiver.url('/appointments'), secrets: [secret] }],
})
const client = new pg.Client(postgres.superuserUrl())
await client.connect()
await applyClinicalSchema(client, ['schema', 'publication'])
await using daemon = spawnNotifyd(home)
await daemon.line('streaming')
const clinic = new Clinic(client)
await clinic.book({ patient: null })
await receiver.until(({ delivered }) => delivered.length === 1)

const refusedAt = performance.now()
await receiver.refuse()
for (let booked = 0; booked < appointments; booked += 1) await clinic.book({ patient: null })
await sleep(seconds * 1_000 - (performance.now() - refusedAt))
await receiver.open()
const openAt = performance.now()
const since = () => Math.round(performance.now() - openAt) / 1_000
await receiver.until(({ delivered }) => delivered.length > 1, 60_000)
const first = since()
await receiver.until(({ delivered }) => delivered.length === appointments + 1, 60_000)
const last = since()

const asked = daemon.lines
  .filter(({ msg, error }) => msg === 'notification failed' && error === 'ECONNREFUSED')
  .map(({ time }) => (typeof time === 'number' ? time : Date.parse(String(time))))
const apart = asked.slice(1).map((at, index) => (at - (asked[index] ?? at)) / 1_000)
const longest = Math.max(...apart)
const { faults } = receiver
await client.end()
process.stdout.write(`refused for ${seconds} s, ${appointments} owed: asked at most ${longest.toFixed(1)} s apart; once it was back,
the first delivery after ${first.toFixed(2)} s, the last after ${last.toFixed(2)} s; ${faults.length} out of order\n`)
process.exitCode = longest <= 5.5 && first <= 5.5 && faults.length === 0 ? 0 : 1
