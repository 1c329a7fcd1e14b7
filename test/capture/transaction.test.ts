import { describe, expect, test } from 'vitest'
import type { Relation } from '../../src/capture/change-message.js'
import type { DecodedMessage } from '../../src/capture/decode.js'
import { toLsn } from '../../src/capture/lsn.js'
import { TransactionAssembler } from '../../src/capture/transaction.js'

const table = (name: string): Relation => ({ oid: 1, schema: 'public', table: name, identity: 'full', columns: [] })
const appointment = table('appointment')
const unwanted = table('other')
const begin: DecodedMessage = { tag: 'begin', commitLsn: toLsn(100n), committedAt: 7 }
const commit: DecodedMessage = { tag: 'commit', commitLsn: toLsn(100n), endLsn: toLsn(148n) }
const insert = (relation: Relation): DecodedMessage => ({ tag: 'insert', relation, new: { id: '1' } })

const assembler = (maxChanges = 100, maxBytes = 1e9) =>
  new TransactionAssembler({ isWanted: (relation) => relation !== unwanted, maxChanges, maxBytes })

describe('assembling transactions', () => {
  test('a transaction becomes one piece with its commit LSN, time and end LSN', () => {
    const transactions = assembler()
    expect(transactions.push(begin, 1)).toBeNull()
    expect(transactions.push(insert(appointment), 1)).toBeNull()
    expect(transactions.isOpen).toBe(true)
    const piece = transactions.push(commit, 1)
    expect(transactions.isOpen).toBe(false)
    expect(piece).toMatchObject({ commitLsn: 100n, committedAt: 7, endLsn: 148n })
    expect(piece?.changes.map((change) => [change.tag, change.ordinal])).toEqual([['insert', 0]])
  })

  test('ordinals count every change message, also of tables that nobody wants', () => {
    const transactions = assembler()
    transactions.push(begin, 1)
    for (const relation of [unwanted, appointment, unwanted, appointment]) transactions.push(insert(relation), 1)
    expect(transactions.push(commit, 1)?.changes.map((change) => change.ordinal)).toEqual([1, 3])
  })

  test('a large transaction is cut into pieces; only the last has an end LSN; ordinals go on', () => {
    const transactions = assembler(2)
    transactions.push(begin, 1)
    const pieces = Array.from({ length: 5 }, () => transactions.push(insert(appointment), 1)).filter((p) => p !== null)
    const last = transactions.push(commit, 1)
    expect(pieces.map((piece) => piece.endLsn)).toEqual([null, null])
    expect(last?.endLsn).toBe(148n)
    expect([...pieces, last].flatMap((piece) => piece?.changes.map((change) => change.ordinal))).toEqual([
      0, 1, 2, 3, 4,
    ])
  })

  test('bytes cut a piece too', () => {
    const transactions = assembler(100, 1_000)
    transactions.push(begin, 1)
    expect(transactions.push(insert(appointment), 999)).toBeNull()
    expect(transactions.push(insert(appointment), 1)?.changes).toHaveLength(2)
  })

  test('TRUNCATE of two tables is two changes', () => {
    const transactions = assembler(1)
    transactions.push(begin, 1)
    const piece = transactions.push({ tag: 'truncate', relations: [appointment, appointment] }, 1)
    expect(piece?.changes.map((change) => [change.tag, change.ordinal])).toEqual([
      ['truncate', 0],
      ['truncate', 1],
    ])
  })

  test('a transaction without wanted rows still moves the checkpoint', () => {
    const transactions = assembler()
    transactions.push(begin, 1)
    transactions.push(insert(unwanted), 1)
    expect(transactions.push(commit, 1)).toMatchObject({ changes: [], endLsn: 148n })
  })

  test.each([
    ['a row', insert(appointment)],
    ['a COMMIT', commit],
  ])('%s outside a transaction is malformed', (_name, message) => {
    expect(() => assembler().push(message, 1)).toThrow(expect.objectContaining({ code: 'MALFORMED' }))
  })

  test('BEGIN inside a transaction is malformed', () => {
    const transactions = assembler()
    transactions.push(begin, 1)
    expect(() => transactions.push(begin, 1)).toThrow(expect.objectContaining({ code: 'MALFORMED' }))
  })
})
