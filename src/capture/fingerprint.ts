// A publication in one line, and whether two such lines leave room for a loss between them. Owns that a table is its OID: one
// that has taken over another's name is another table, and one that was renamed is the same; and what it says of partitions
// that are away, so that a gap begins before they went, however many looks ago.
import { formatLsn, type Lsn, minLsn, parseLsn } from './lsn.js'
import { goneAway, isUnlogged, type Part, untold } from './parts.js'

export interface FingerprintFacts {
  readonly oid: string
  readonly publishes_all: boolean
  readonly publishes_truncate: boolean
  readonly via_root: boolean
  /** Of the catalog's row, another one after every ALTER of the publication itself. */
  readonly version: string
  /** What such an ALTER may change without a loss. */
  readonly harmless: string
  readonly tables: readonly {
    /** The table's OID, that of its place in the publication, and its column list. */
    readonly membership: string
    readonly identity: string
    readonly row_filter: string | null
    readonly model: string
    /** Of its schema's place in the publication and of the table's in its schema; empty: it is published by itself. */
    readonly place: string
    readonly parts: readonly Part[]
  }[]
}

/** One from before models, or places and parts, were noted has none. */
type Held = readonly [
  membership: string,
  identity: string,
  rowFilter: string | null,
  model?: string,
  place?: string,
  parts?: readonly Part[],
]
/** A part whose rows are not told, and the LSN up to which they surely were; null: not known. */
type Away = readonly [oid: string, sinceLsn: string | null]
/** One from before versions were noted has neither of the last three. */
type Parts = readonly [
  oid: string,
  publishesAll: boolean,
  viaRoot: boolean,
  held: readonly Held[],
  version?: string | undefined,
  harmless?: string | undefined,
  /** One from before it was noted has none. */
  truncate?: boolean | undefined,
  away?: readonly Away[],
]

export function fingerprintOf({ tables, ...facts }: FingerprintFacts): string {
  const held = tables.map((it): Held => [it.membership, it.identity, it.row_filter, it.model, it.place, it.parts])
  const { oid, publishes_all, publishes_truncate, via_root, version, harmless } = facts
  const parts: Parts = [oid, publishes_all, via_root, held, version, harmless, publishes_truncate]
  return JSON.stringify(parts)
}

/** `publication`: it, or a table's place in it. `parts`: rows of these, by OID, may be missing since `since`; null: since the last look. */
export type Loss =
  | { readonly tag: 'publication' }
  | { readonly tag: 'parts'; readonly oids: readonly string[]; readonly since: Lsn | null }

export const isSamePublication = (known: string, now: string): boolean => lossBetween(known, now) === null

/**
 * Null: nothing that was published as `known` says can be missing under `now`. A table that the config has gained is no
 * loss for the others, nor is an identity that became FULL, which is what `check` asks for. One that an older version noted
 * is compared as far as it goes.
 */
export function lossBetween(known: string, now: string): Loss | null {
  const publication: Loss = { tag: 'publication' }
  if (known === now) return null
  if (known === '' || now === '') return publication
  const [oid, publishesAll, viaRoot, held, version, harmless, truncate, away = []] = JSON.parse(known) as Parts
  const [oidNow, publishesAllNow, viaRootNow, heldNow, versionNow, harmlessNow, truncateNow] = JSON.parse(now) as Parts
  if (oid !== oidNow || publishesAll !== publishesAllNow || viaRoot !== viaRootNow) return publication
  // What `check` asks for.
  const hasGained = truncate === false && truncateNow === true
  // Altered, and nothing to see of it: options that were changed and changed back, with rows unpublished in between.
  if (version !== undefined && version !== versionNow && harmless === harmlessNow && !hasGained) return publication
  if (!held.every((one) => heldNow.some((it) => isHeld(one, it)) && !heldNow.some((it) => isInPlaceOf(one, it))))
    return publication
  const since = new Map(away)
  const oids = partsOfBoth(held, heldNow).flatMap(([was, is]) => untold(was, is, new Set(since.keys())))
  if (oids.length === 0) return null
  const begins = oids.flatMap((one) => since.get(one) ?? []).map(parseLsn)
  return { tag: 'parts', oids, since: begins.length === 0 ? null : begins.reduce(minLsn) }
}

/** More that went for good than this forget the first ones: should such a one come back, it is one that comes with rows. */
const awayAtMost = 400

/**
 * What is noted as seen: `now` with the parts that are away, each since the last look at which it was not.
 * @param seen the server's end of WAL at the last look
 */
export function withAway(known: string | null, now: string, seen: Lsn | null): string {
  if (known === null || known === '' || now === '') return now
  const [, , , held, , , , away = []] = JSON.parse(known) as Parts
  const [oid, publishesAll, viaRoot, heldNow, version, harmless, truncate] = JSON.parse(now) as Parts
  const since = new Map(away)
  const seenLsn = seen === null ? null : formatLsn(seen)
  const gone = partsOfBoth(held, heldNow).flatMap(([was, is]) => goneAway(was, is))
  const parts = heldNow.flatMap(([, , , , , of = []]) => of)
  const followed = new Set(parts.filter((part) => !isUnlogged(part)).map(([part]) => part))
  const stay = away.filter(([part]) => !followed.has(part) && !gone.includes(part))
  const all: Away[] = [...stay, ...gone.map((part): Away => [part, since.get(part) ?? seenLsn])]
  const noted: Parts = [oid, publishesAll, viaRoot, heldNow, version, harmless, truncate, all.slice(-awayAtMost)]
  return all.length === 0 ? now : JSON.stringify(noted)
}

/** Of the tables that both have, and whose parts both know. */
const partsOfBoth = (held: readonly Held[], heldNow: readonly Held[]): [readonly Part[], readonly Part[]][] =>
  held.flatMap(([membership, , , , , was]): [readonly Part[], readonly Part[]][] => {
    const is = heldNow.find(([other]) => other === membership)?.[5]
    return was === undefined || is === undefined ? [] : [[was, is]]
  })

const isHeld = ([membership, identity, filter, , place]: Held, now: Held): boolean =>
  membership === now[0] &&
  (identity === now[1] || now[1] === 'f') &&
  filter === now[2] &&
  (place === undefined || place === now[4])

/** Two followed tables have exchanged their names, say. */
const isInPlaceOf = ([membership, , , model]: Held, now: Held): boolean =>
  model !== undefined && model === now[3] && membership !== now[0]
