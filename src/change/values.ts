// PostgreSQL's text of one value in, the typed value of spec section 3 out. Owns that nothing is lost on the way: where a
// JavaScript number cannot hold a value it stays text.
// https://www.postgresql.org/docs/current/datatype.html
import { bpcharOid } from '../capture/change-message.js'
import type { FieldValue } from './captured-change.js'

export type ValueReader = (text: string) => FieldValue

const exact: ValueReader = (text) => text

const integer: ValueReader = (text) => {
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : text
}

const float: ValueReader = (text) => {
  const value = Number(text)
  return Number.isFinite(value) ? value : text
}

const boolean: ValueReader = (text) => text === 't'

/** `char(n)`: PostgreSQL pads it with blanks, and takes no notice of them when it compares. */
const blankPadded: ValueReader = (text) => (text.endsWith(' ') ? text.replace(/ +$/, '') : text)

/** Under `timezone=UTC` and ISO dates. Infinite, BC and five-digit years do not match, and keep their text. */
const utcMoment = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?\+00$/

const timestamptz: ValueReader = (text) => {
  const match = utcMoment.exec(text)
  if (match === null) return text
  const [, date, time, fraction] = match
  return fraction === undefined ? `${date}T${time}+00:00` : `${date}T${time}.${fraction.padEnd(6, '0')}+00:00`
}

/** By pg_type.oid; these never change (https://www.postgresql.org/docs/current/catalog-pg-type.html). */
const readers: ReadonlyMap<number, ValueReader> = new Map([
  [16, boolean],
  [20, integer],
  [21, integer],
  [23, integer],
  [700, float],
  [701, float],
  [bpcharOid, blankPadded],
  [1184, timestamptz],
])

/** The reader for a column's type; every type without one of its own keeps its exact text. */
export const valueReader = (typeOid: number): ValueReader => readers.get(typeOid) ?? exact
