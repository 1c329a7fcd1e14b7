// A delivery's row, as it was owed, and the checksum that it must still have when it is sent. CRC-32 finds every single
// flipped bit, and every burst of up to 32: a disk, a cable or a memory that fails, not somebody who means it. 1 µs a delivery.
import { crc32 } from 'node:zlib'
import type { DeliveryRow } from './schema.js'

/** What of a delivery never changes from the moment at which it is owed. `headers` is JSON. */
export type OwedRow = Pick<
  DeliveryRow,
  | 'webhook_id'
  | 'endpoint'
  | 'url'
  | 'lane'
  | 'sequence'
  | 'notification'
  | 'headers'
  | 'body'
  | 'commit_lsn'
  | 'committed_at_us'
  | 'appointment_external_id'
>

/** Of a damaged row a column may be of another type than its own: it is taken as text. */
export function checksumOf(row: OwedRow): number {
  const { webhook_id, endpoint, url, lane, sequence, notification, headers, body } = row
  const what = `${webhook_id}\n${endpoint}\n${url}\n${lane}\n${sequence}\n${notification}\n${headers}`
  const whose = `${row.commit_lsn}\n${row.committed_at_us}\n${row.appointment_external_id}`
  return crc32(`${body}`, crc32(`${what}\n${whose}\n`))
}
