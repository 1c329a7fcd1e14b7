import { expect, test } from 'vitest'
import { NotReadyError } from '../../src/base/errors.js'
import type { RowChange, TransactionPiece } from '../../src/capture/change-message.js'
import type { Lsn } from '../../src/capture/lsn.js'
import { captureChange } from '../../src/change/field-changes.js'
import { rowModel } from '../support/changes.js'

test('a change too long to be told is an error that names its column; with that excluded it is none', () => {
  const columns = [
    { name: 'id', typeOid: 23 },
    { name: 'scan', typeOid: 25 },
  ]
  const relation = { oid: 1, schema: 'public', table: 'row', identity: 'full', columns } as const
  const long = 'x'.repeat(100_000_001)
  const change: RowChange = {
    tag: 'update',
    ordinal: 0,
    relation,
    old: { id: '1', scan: long },
    new: { id: '2', scan: `${long}y` },
  }
  const commit = { commitLsn: 1n as Lsn, committedAt: 0, endLsn: 2n as Lsn }
  const piece: TransactionPiece = { ...commit, changes: [change], rows: 1 }
  const captured = () => captureChange(change, piece, rowModel())
  expect(captured).toThrow(NotReadyError)
  expect(captured).toThrow('with scan of public.row a change has more than 200 million characters')
  expect(captured).toThrow('models.row.exclude_columns')
  // A table's shape is planned once, for one model.
  const again: RowChange = { ...change, relation: { ...relation } }
  expect(captureChange(again, piece, rowModel({}, ['scan']))?.fieldChanges.fields).toEqual({ id: [1, 2] })
})
