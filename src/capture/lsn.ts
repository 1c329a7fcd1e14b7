// A position in PostgreSQL's write-ahead log. Text enters at the edge and is parsed once; inside, an LSN is a branded
// bigint, compared as a number and never as a string.
// https://www.postgresql.org/docs/current/datatype-pg-lsn.html

declare const lsnBrand: unique symbol

/** A byte position in the WAL, 0 to 2^64 − 1. */
export type Lsn = bigint & { readonly [lsnBrand]: true }

const pattern = /^([0-9a-fA-F]{1,8})\/([0-9a-fA-F]{1,8})$/
const max = (1n << 64n) - 1n

/**
 * Reads `0/16B3748`, in any padding and case.
 * @throws RangeError that says what an LSN looks like.
 */
export function parseLsn(text: string): Lsn {
  const match = pattern.exec(text.trim())
  if (match === null) throw new RangeError(`not an LSN: ${JSON.stringify(text)} (expected the form 0/16B3748)`)
  return ((BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`)) as Lsn
}

/** Prints an LSN as PostgreSQL does: upper case, no padding. */
export function formatLsn(lsn: Lsn): string {
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffffffffn).toString(16)}`.toUpperCase()
}

/** Brands a number that is known to be an LSN (from the journal or a wire frame). @throws RangeError outside 64 bits. */
export function toLsn(value: bigint): Lsn {
  if (value < 0n || value > max) throw new RangeError(`an LSN has 64 bits: ${value}`)
  return value as Lsn
}

export const maxLsn = (a: Lsn, b: Lsn): Lsn => (a > b ? a : b)
export const minLsn = (a: Lsn, b: Lsn): Lsn => (a < b ? a : b)

/** 0/0: "no position". */
export const zeroLsn = 0n as Lsn
