// pgoutput payloads in, typed messages out, every value its exact text. Owns the safe use of the parser package: column
// parsers replaced by the identity (else pg.types would round microseconds and JSON numbers), OIDs made unsigned, values too
// long for a string kept from it, text of another encoding put into UTF-8.
// https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
import { type Pgoutput, PgoutputPlugin } from 'pg-logical-replication'
import { StreamError } from '../base/errors.js'
import type { Micros } from '../base/time.js'
import { bpcharOid, type Relation, type Row, type RowValue, tooLong } from './change-message.js'
import { type DecodeText, isDecodedHere, textDecoder } from './charset.js'
import { maxValueBytes, type WithoutLongValues, withoutLongValues } from './long-values.js'
import { type Lsn, parseLsn } from './lsn.js'
import { toUtf8 } from './to-utf8.js'

export type DecodedMessage =
  | { readonly tag: 'begin'; readonly commitLsn: Lsn; readonly committedAt: Micros }
  | { readonly tag: 'insert'; readonly relation: Relation; readonly new: Row }
  | {
      readonly tag: 'update'
      readonly relation: Relation
      readonly old: Row | null
      readonly key?: Row
      readonly new: Row
    }
  | { readonly tag: 'delete'; readonly relation: Relation; readonly old: Row; readonly keyOnly?: true }
  | { readonly tag: 'truncate'; readonly relations: readonly Relation[] }
  | { readonly tag: 'commit'; readonly commitLsn: Lsn; readonly endLsn: Lsn }
  /** Origins, types, relations and logical messages: nothing that becomes a change. */
  | { readonly tag: 'other' }

const other: DecodedMessage = { tag: 'other' }
const noKey: Row = Object.create(null)

/** Decodes one connection's messages: it remembers the relations that the server announced on it. */
export class Decoder {
  readonly #plugin = new PgoutputPlugin({ protoVersion: 1, publicationNames: [] })
  readonly #relations = new Map<number, Relation>()

  readonly #text: DecodeText | null

  /** @param encoding in which names and values arrive, as `server_encoding` says */
  constructor(
    encoding = 'UTF8',
    private readonly longestBytes = maxValueBytes,
  ) {
    this.#text = isDecodedHere(encoding) ? textDecoder(encoding) : null
  }

  /** @throws StreamError `MALFORMED` for bytes that are not a pgoutput message. */
  decode(payload: Buffer): DecodedMessage {
    let message: Pgoutput.Message
    let long: WithoutLongValues
    try {
      long = withoutLongValues(payload, this.longestBytes)
      message = this.#plugin.parse(this.#text === null ? long.payload : toUtf8(long.payload, this.#text))
    } catch (cause) {
      throw malformed('an undecodable message', cause)
    }
    switch (message.tag) {
      case 'insert': {
        const relation = this.#relation(message.relation)
        return { tag: 'insert', relation, new: whole(message.new, relation, long.new) }
      }
      case 'update': {
        const relation = this.#relation(message.relation)
        const old = message.old === null ? null : whole(message.old, relation, long.old)
        const key = message.key === null ? {} : { key: message.key }
        return { tag: 'update', relation, old, ...key, new: whole(message.new, relation, long.new) }
      }
      case 'delete': {
        const relation = this.#relation(message.relation)
        if (message.old === null) return { tag: 'delete', relation, old: message.key ?? noKey, keyOnly: true }
        return { tag: 'delete', relation, old: whole(message.old, relation, long.old) }
      }
      case 'begin':
        return { tag: 'begin', commitLsn: lsnOf(message.commitLsn), committedAt: Number(message.commitTime) }
      case 'commit':
        return { tag: 'commit', commitLsn: lsnOf(message.commitLsn), endLsn: lsnOf(message.commitEndLsn) }
      case 'relation':
        this.#remember(message)
        return other
      case 'truncate':
        return { tag: 'truncate', relations: message.relations.map((relation) => this.#relation(relation)) }
      case 'origin':
      case 'type':
      case 'message':
        return other
      default:
        return message satisfies never
    }
  }

  #remember(message: Pgoutput.MessageRelation): void {
    for (const column of message.columns) column.parser = (text: string) => text
    this.#relations.set(message.relationOid, {
      oid: message.relationOid >>> 0,
      schema: message.schema,
      table: message.name,
      identity: message.replicaIdentity,
      columns: message.columns.map((column) => ({ name: column.name, typeOid: typeOf(column) })),
    })
  }

  #relation(message: Pgoutput.MessageRelation | undefined): Relation {
    const relation = message && this.#relations.get(message.relationOid)
    if (relation === undefined) throw malformed('a row of a table that was not announced')
    return relation
  }
}

/** The server announces a domain by its own OID and the name of the type that it stands for. */
function typeOf({ typeOid, typeName }: Pgoutput.RelationColumn): number {
  return typeName === 'bpchar' ? bpcharOid : typeOid >>> 0
}

/** The parser takes a row that ends early for a whole one; its columns come in the relation's order. */
function whole(row: Row, { columns }: Relation, long: ReadonlySet<number>): Row {
  const last = columns.at(-1)
  if (last !== undefined && !(last.name in row)) throw malformed('a row without all of its columns')
  if (long.size === 0) return row
  // Neither has a prototype, so that a column called `__proto__` is one like any other.
  const marked: Record<string, RowValue> = Object.assign(Object.create(null), row)
  for (const [at, { name }] of columns.entries()) if (long.has(at)) marked[name] = tooLong
  return marked
}

function lsnOf(text: string | null): Lsn {
  if (text === null) throw malformed('a transaction without an LSN')
  return parseLsn(text)
}

function malformed(what: string, cause?: unknown): StreamError {
  return new StreamError('MALFORMED', `the server sent ${what}`, { cause })
}
