// The decoder against bytes that no server sends: payloads of a real server, cut at every place, with bytes changed, and out
// of their order. It may refuse or decode; it may not hang, throw anything else, or give part of a row for a whole one.
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { StreamError } from '../../src/base/errors.js'
import { tooLong } from '../../src/capture/change-message.js'
import { type DecodedMessage, Decoder } from '../../src/capture/decode.js'
import { ReplicationStream } from '../../src/capture/replication-stream.js'
import { followed } from '../support/changes.js'

const table = `CREATE TYPE mood AS ENUM ('fine'); CREATE TABLE row (id int PRIMARY KEY, name text, mood mood, big text);
  ALTER TABLE row REPLICA IDENTITY FULL; ALTER TABLE row ALTER big SET STORAGE EXTERNAL;
  CREATE TABLE plain (id int PRIMARY KEY, name text)`
const work = `INSERT INTO row VALUES (1, 'ünïcödé', 'fine', repeat('x', 3000)), (2, NULL, NULL, '');
  UPDATE row SET name = 'b'; UPDATE row SET big = 'short' || repeat('y', id * 2000) WHERE id = 1; DELETE FROM row WHERE id = 2; INSERT INTO plain VALUES (1, 'a'); UPDATE plain SET id = 2; UPDATE plain SET name = 'c';
  DELETE FROM plain; TRUNCATE row, plain; SELECT pg_logical_emit_message(true, 'prefix', 'content')`

/** The payloads of one transaction that has every kind of message. */
async function payloadsOfWork(): Promise<Buffer[]> {
  const { database, from } = await followed(table)
  await using _database = database
  await database.query(`BEGIN; ${work}; COMMIT`)
  await using stream = await ReplicationStream.connect({ url: database.url, tls: null })
  const payloads: Buffer[] = []
  const committed = new Promise<void>((resolve, reject) => {
    const data = (payload: Buffer) => {
      payloads.push(Buffer.from(payload))
      if (payload[0] === 'C'.charCodeAt(0)) resolve()
    }
    const ended = (error: Error | null) => reject(error ?? new Error('closed'))
    stream.start(database.slot, 'notifyd', from, { data, keepalive: () => undefined, ended }).catch(reject)
  })
  await committed
  return payloads
}

let payloads: readonly Buffer[] = []
beforeAll(async () => {
  payloads = await payloadsOfWork()
})

/** A decoder that has seen all before `at`. */
function decoderAt(at: number, longestBytes?: number): Decoder {
  const decoder = new Decoder('UTF8', longestBytes)
  for (const payload of payloads.slice(0, at)) decoder.decode(payload)
  return decoder
}

/** What it decodes to, or the error's code. */
function decoded(decoder: Decoder, payload: Buffer): DecodedMessage | string {
  try {
    return decoder.decode(payload)
  } catch (error) {
    if (!(error instanceof StreamError)) throw error
    return error.code
  }
}

describe('the decoder', () => {
  test('knows all that a transaction can hold', () => {
    const decoder = new Decoder()
    const tags = payloads.map((payload) => decoder.decode(payload).tag)
    expect(new Set(tags)).toEqual(new Set(['begin', 'other', 'insert', 'update', 'delete', 'truncate', 'commit']))
  })

  test('refuses every message that is cut, wherever', () => {
    for (const [at, payload] of payloads.entries()) {
      for (let length = 0; length < payload.length; length += 1) {
        const decoder = decoderAt(at)
        const short = payload.subarray(0, length)
        expect([at, length, decoded(decoder, short)]).toEqual([at, length, 'MALFORMED'])
        expect([at, length, decoded(decoderAt(at, 5), short)]).toEqual([at, length, 'MALFORMED'])
        // Long values are cut in their middle often enough.
        if (length === 200) length = payload.length - 20
      }
    }
  })

  test('refuses a row that lacks columns of its table', () => {
    const at = payloads.findIndex((payload) => payload[0] === 'I'.charCodeAt(0))
    const payload = payloads[at]
    if (payload === undefined) throw new Error('a row was inserted')
    const fewer = Buffer.from(payload)
    fewer.writeInt16BE(2, 6)
    expect(decoded(decoderAt(at), fewer)).toBe('MALFORMED')
  })

  test('marks a value that is too long, and gives the rest of its row; one that did not change is not sent', () => {
    const rowsOf = (decoder: Decoder) =>
      payloads.flatMap((payload) => {
        const message = decoder.decode(payload)
        return message.tag === 'insert' || message.tag === 'update' ? [message] : []
      })
    const [inserted, , renamed, , grown] = rowsOf(new Decoder('UTF8', 1000))
    expect(inserted).toMatchObject({ new: { id: '1', name: 'ünïcödé', mood: 'fine', big: tooLong } })
    expect(renamed).toMatchObject({ old: { id: '1', big: tooLong }, new: { id: '1', name: 'b', big: undefined } })
    expect(grown).toMatchObject({ old: { name: 'b', big: tooLong }, new: { name: 'b', big: tooLong } })
    // A short value is sent twice though it is the same.
    expect(rowsOf(new Decoder('UTF8', 0)).at(4)).toMatchObject({
      old: { name: tooLong },
      new: { name: undefined, big: tooLong },
    })
  })

  test('refuses or decodes what has changed bytes, and goes on', () => {
    const change = fc.record({
      at: fc.nat({ max: payloads.length - 1 }),
      longest: fc.constantFrom(5, undefined),
      edits: fc.array(fc.tuple(fc.nat({ max: 400 }), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 }),
    })
    fc.assert(
      fc.property(change, ({ at, longest, edits }) => {
        const changed = Buffer.from(payloads[at] ?? [])
        for (const [place, byte] of edits) changed[place % changed.length] = byte
        const result = decoded(decoderAt(at, longest), changed)
        expect(typeof result === 'string' ? result : 'a message').toMatch(/^(MALFORMED|a message)$/)
      }),
      { numRuns: 3000 },
    )
  })

  test('refuses or decodes any bytes at all', () => {
    const tags = [...'BCRIUDTYOM'].map((tag) => tag.charCodeAt(0))
    const bytes = fc.tuple(fc.constantFrom(...tags), fc.uint8Array({ maxLength: 120 }))
    fc.assert(
      fc.property(bytes, ([tag, rest]) => {
        const result = decoded(decoderAt(payloads.length), Buffer.from([tag, ...rest]))
        expect(typeof result === 'string' ? result : 'a message').toMatch(/^(MALFORMED|a message)$/)
      }),
      { numRuns: 3000 },
    )
  })
})
