// The notice of a gap that an endpoint asked for: owed outside all lanes, without a number, under an id of its own.
import { createHash } from 'node:crypto'
import { checksumOf } from './checksum.js'
import type { Sqlite } from './sqlite.js'

export interface GapNotice {
  /** Tells this gap from every other one of the journal. */
  readonly identity: readonly unknown[]
  readonly lane: string
  readonly body: object
}

/** Within a transaction of the caller's: to each of `endpoints`. */
export function oweNotices(sqlite: Sqlite, notice: GapNotice, endpoints: readonly string[]): void {
  const { identity, lane } = notice
  const body = JSON.stringify(notice.body)
  for (const endpoint of endpoints) {
    const hash = createHash('sha256').update(JSON.stringify([...identity, endpoint]))
    const webhook_id = `msg_${hash.digest('base64url').slice(0, 24)}`
    const told = { webhook_id, endpoint, url: null, lane, sequence: null, notification: 'gap' }
    const ofCommit = { commit_lsn: null, committed_at_us: null, appointment_external_id: null }
    const checksum = checksumOf({ ...told, ...ofCommit, headers: '{}', body })
    sqlite.run(
      `INSERT INTO delivery (webhook_id, endpoint, lane, notification, protocol, headers, body, checksum)
       VALUES (?, ?, ?, 'gap', 'notifyd', '{}', ?, ?)`,
      [webhook_id, endpoint, lane, body, checksum],
    )
  }
}
