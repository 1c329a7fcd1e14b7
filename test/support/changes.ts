// SQL on a real PostgreSQL in, the changes that the daemon's capture and change folders make of it out: from a slot of its
// own, up to a marker row. Nothing is acknowledged, so one slot can be read as often as a test likes.
import { Capture } from '../../src/capture/capture.js'
import type { RowChange, TransactionPiece } from '../../src/capture/change-message.js'
import { openControl } from '../../src/capture/control.js'
import type { Lsn } from '../../src/capture/lsn.js'
import { ReplicationStream } from '../../src/capture/replication-stream.js'
import { createSlot } from '../../src/capture/slot.js'
import type { CapturedChange } from '../../src/change/captured-change.js'
import { captureChange } from '../../src/change/field-changes.js'
import { type Model, makeModel, modelsByTable, tableKey } from '../../src/change/model.js'
import { MovedRows } from '../../src/change/moved-rows.js'
import { createTestDatabase, type TestDatabase } from './database.js'

/** A further model of the table `row`, mapped by its `id` and what else is given. */
export const rowModel = (columns: Readonly<Record<string, string>> = {}, excluded: readonly string[] = []): Model =>
  makeModel({
    name: 'row',
    schema: 'public',
    table: 'row',
    changeType: 'TASK',
    columns: { id: 'id', ...columns },
    excluded,
  })

export interface Followed {
  readonly database: TestDatabase
  /** The slot is here; it was made when `before` was done. */
  readonly from: Lsn
}

const viaRoot = 'CREATE PUBLICATION notifyd FOR ALL TABLES WITH (publish_via_partition_root = true)'

/** An empty database with `before` done, a publication and a slot. To be dropped by the caller. */
export async function followed(before: string, publication = viaRoot, encoding = 'UTF8'): Promise<Followed> {
  const database = await createTestDatabase({ migrations: [], encoding })
  await database.query(`${before}; CREATE TABLE marker (id int PRIMARY KEY); ${publication}`)
  const control = openControl({ url: database.url, tls: null }, () => undefined)
  const from = await createSlot(control, database.slot)
  await control.close()
  return { database, from }
}

export interface Read {
  readonly change: RowChange
  readonly piece: TransactionPiece
}

/** What has committed since `from`, row by row. @param url of the role that streams; default: the daemon's */
export async function rowsOf({ database, from }: Followed, url = database.url): Promise<readonly Read[]> {
  const [marker] = await database.query<{ id: number }>(
    'INSERT INTO marker SELECT coalesce(max(id), 0) + 1 FROM marker RETURNING id',
  )
  await using stream = await ReplicationStream.connect({ url, tls: null })
  const limits = { isWanted: () => true, maxChanges: 500, maxBytes: 4e6, maxQueuedBytes: 8e6 }
  const capture = await Capture.start({ stream, slot: database.slot, publication: 'notifyd', from, ...limits })
  const rows: Read[] = []
  for await (const { pieces } of capture.batches()) {
    for (const piece of pieces) {
      for (const change of piece.changes) {
        const isMarker = change.relation.table === 'marker'
        if (isMarker && 'new' in change && Number(change.new['id']) === marker?.id) return rows
        if (!isMarker) rows.push({ change, piece })
      }
    }
  }
  throw new Error('the marker never came')
}

/** The same, as the models' captured changes. @throws NotReadyError as `captureChange` */
export async function capturedOf(follow: Followed, models: readonly Model[], url?: string): Promise<CapturedChange[]> {
  const byTable = modelsByTable(models)
  const modelOf = ({ schema, table }: RowChange['relation']) => byTable.get(tableKey(schema, table))
  const moved = new MovedRows(modelOf)
  const changes: CapturedChange[] = []
  for (const piece of new Set((await rowsOf(follow, url)).map((read) => read.piece))) {
    for (const change of moved.told(piece)) {
      const model = modelOf(change.relation)
      const captured = model === undefined ? null : captureChange(change, piece, model)
      if (captured !== null) changes.push(captured)
    }
  }
  return changes
}
