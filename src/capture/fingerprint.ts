// A publication in one line, and whether two such lines leave room for a loss between them. Owns that a table is its OID: one
// that has taken over another's name is another table, and one that was renamed is the same.

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
  }[]
}

/** One from before models were noted has none. */
type Held = readonly [membership: string, identity: string, rowFilter: string | null, model?: string]
/** One from before versions were noted has neither of the last two. */
type Parts = readonly [
  oid: string,
  publishesAll: boolean,
  viaRoot: boolean,
  held: readonly Held[],
  version?: string,
  harmless?: string,
  /** One from before it was noted has none. */
  truncate?: boolean,
]

export function fingerprintOf({ tables, ...facts }: FingerprintFacts): string {
  const held = tables.map((it): Held => [it.membership, it.identity, it.row_filter, it.model])
  const { oid, publishes_all, publishes_truncate, via_root, version, harmless } = facts
  const parts: Parts = [oid, publishes_all, via_root, held, version, harmless, publishes_truncate]
  return JSON.stringify(parts)
}

/**
 * Whether nothing that was published as `known` says can be missing under `now`. A table that the config has gained is no
 * loss for the others, nor is an identity that became FULL, which is what `check` asks for. One that an older version noted
 * is compared as far as it goes.
 */
export function isSamePublication(known: string, now: string): boolean {
  if (known === now || known === '' || now === '') return known === now
  const [oid, publishesAll, viaRoot, held, version, harmless, truncate] = JSON.parse(known) as Parts
  const [oidNow, publishesAllNow, viaRootNow, heldNow, versionNow, harmlessNow, truncateNow] = JSON.parse(now) as Parts
  if (oid !== oidNow || publishesAll !== publishesAllNow || viaRoot !== viaRootNow) return false
  // What `check` asks for.
  const hasGained = truncate === false && truncateNow === true
  // Altered, and nothing to see of it: options that were changed and changed back, with rows unpublished in between.
  if (version !== undefined && version !== versionNow && harmless === harmlessNow && !hasGained) return false
  return held.every((one) => heldNow.some((it) => isHeld(one, it)) && !heldNow.some((it) => isInPlaceOf(one, it)))
}

const isHeld = ([membership, identity, filter]: Held, now: Held): boolean =>
  membership === now[0] && (identity === now[1] || now[1] === 'f') && filter === now[2]

/** Two followed tables have exchanged their names, say. */
const isInPlaceOf = ([membership, , , model]: Held, now: Held): boolean =>
  model !== undefined && model === now[3] && membership !== now[0]
