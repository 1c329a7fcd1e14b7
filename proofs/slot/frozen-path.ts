// The network freezes: nothing moves and nothing is closed. The daemon notices within twice wal_sender_timeout, whatever it
// was about to do, and nothing is missing when the network is back.
import { setTimeout as sleep } from 'node:timers/promises'
import type { DaemonProcess } from '../../testbed/daemon.js'
import { type Check, holds, type Scenario, within } from './scenario.js'
import { openProofSite, type ProofSite } from './site.js'
import { commitChanges } from './work.js'

const limitMs = 10_000
const lost = 'the stream ended; connecting again'

export const frozenPath: Scenario = {
  name: 'frozen-path',
  async run({ say }) {
    await using site = await openProofSite({ settings: { wal_sender_timeout: '5s' } })
    const daemon = await site.start()
    const checks: Check[] = []
    for (const [what, prepare] of moments) {
      const heal = await prepare(site)
      const ms = await noticed(site, daemon)
      say(`${what}: ${ms === null ? 'not' : `${ms.toFixed(0)} ms`}`)
      checks.push(within(`a freeze ${what} is noticed`, ms, limitMs))
      await heal()
      const seen = daemon.lines.length
      site.path.thaw()
      await daemon.line('streaming', 60_000, seen)
    }
    const { rows } = await site.sql.query<{ n: string }>(
      'SELECT (SELECT count(*) FROM note_state_change_event) + (SELECT count(*) FROM appointment) AS n',
    )
    const due = Number(rows[0]?.n)
    const [receiver] = site.receivers
    const delivered = () => new Set(receiver?.delivered.map(({ webhookId }) => webhookId)).size
    await receiver?.until(() => delivered() >= due, 60_000).catch(() => undefined)
    return [...checks, holds('nothing is missing afterwards', `${delivered()} of ${due}`, delivered() === due)]
  },
}

/** In ms; null: not within six times the limit. */
async function noticed(site: ProofSite, daemon: DaemonProcess): Promise<number | null> {
  const seen = daemon.lines.length
  const began = performance.now()
  site.path.freeze()
  return daemon.line(lost, limitMs * 6, seen).then(
    () => performance.now() - began,
    () => null,
  )
}

type Moment = readonly [what: string, prepare: (site: ProofSite) => Promise<() => Promise<void>>]

const nothing = async () => undefined

const moments: readonly Moment[] = [
  [
    'at rest',
    async () => {
      await sleep(3_000)
      return nothing
    },
  ],
  [
    'at 200 changes/s',
    async ({ sql }) => {
      const stop = new AbortController()
      const working = commitChanges(sql, { changes: 1_000_000, rate: 200, signal: stop.signal })
      await sleep(3_000)
      return async () => {
        stop.abort()
        await working
      }
    },
  ],
  [
    'while it asks for a patient',
    async ({ sql }) => {
      // Nobody gets an answer of this table, so the daemon is in the midst of a question when the network freezes.
      const application = await sql.connect()
      const patient = "VALUES ('unheard of', 'Ada', 'Byron', '1985-12-10') RETURNING id"
      const { rows } = await application.query<{ id: string }>(
        `INSERT INTO patient (key, first_name, last_name, birth_date) ${patient}`,
      )
      await application.query('BEGIN; LOCK TABLE patient')
      const booking = await sql.connect()
      // Else the foreign key would wait for the table too.
      await booking.query('SET session_replication_role = replica')
      await booking.query('INSERT INTO appointment (patient_id, provider_id) VALUES ($1, 1)', [rows[0]?.id])
      await booking.query('RESET session_replication_role')
      booking.release()
      await sleep(1_000)
      return async () => {
        await application.query('ROLLBACK')
        application.release()
      }
    },
  ],
]
