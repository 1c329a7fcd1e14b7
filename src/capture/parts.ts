// The tables that hold a published table's rows: itself, or the partitions below it. In: the catalogs. Out: whether rows may
// have been written in one of them while it was not followed. Owns that what left and came back shows, in one transaction too,
// and that partitions which are made, dropped or rewritten without a loss do not.

/**
 * A partition at whatever level, or the table itself.
 * - `link`: of what attached it to its parent, another one after every ATTACH; empty: it is the table itself.
 * - `flags`: `u` it is UNLOGGED, `r` it or one below has rows, `b` it was born as a partition, and never detached.
 * - `node`: of its file, another one after every rewrite.
 * - `toast`, `sequences`: what a rewrite by ALTER TABLE SET LOGGED changes too; empty: nothing is known by it.
 * - `shape`: of its columns, whose ALTER rewrites it as well.
 */
export type Part = readonly [
  oid: string,
  link: string,
  flags: string,
  node: string,
  toast: string,
  sequences: string,
  shape: number,
]

/**
 * SQL of a JSON array of `Part`, of the row `c` of pg_class. A catalog row's xmin is its own for ever: freezing leaves it, and
 * what makes the catalogs anew makes another publication too. A column's row that is of the same command as a system column's
 * and inherited was made by CREATE TABLE … PARTITION OF: ATTACH and DETACH write it again. SET LOGGED gives a table another TOAST
 * table, which VACUUM FULL, CLUSTER and TRUNCATE keep and pg_repack does not; and from 15 on its sequences another file.
 */
export const partsOf = (c: string) => `(
  WITH RECURSIVE tree AS (
    SELECT ${c}.oid AS relid, '' AS link, ARRAY[${c}.oid] AS path
     UNION ALL
    SELECT h.inhrelid, h.xmin::text, tree.path || h.inhrelid
      FROM tree JOIN pg_inherits h ON h.inhparent = tree.relid
     WHERE ${c}.relkind = 'p' AND NOT h.inhdetachpending),
  part AS (
    SELECT tree.relid, tree.link, tree.path, k.relkind AS kind, k.relpersistence AS persistence, k.relfilenode AS node, k.reltoastrelid AS toast,
           k.relkind = 'r' AND pg_relation_size(k.oid) > 0 AS has_rows
      FROM tree JOIN pg_class k ON k.oid = tree.relid)
  SELECT coalesce(json_agg(json_build_array(part.relid::text, part.link,
           concat(CASE WHEN part.kind = 'r' AND part.persistence = 'u' THEN 'u' END,
                  CASE WHEN part.has_rows OR (part.kind = 'p' AND EXISTS (SELECT FROM part below WHERE below.has_rows AND part.relid = ANY (below.path))) THEN 'r' END,
                  CASE WHEN EXISTS (SELECT FROM pg_attribute a JOIN pg_attribute made ON made.attrelid = a.attrelid AND made.attnum = -1
                                     WHERE a.attrelid = part.relid AND a.attnum > 0 AND a.attinhcount > 0
                                       AND a.xmin = made.xmin AND a.cmin = made.cmin) THEN 'b' END),
           part.node::text,
           CASE WHEN part.toast <> 0 AND NOT EXISTS (SELECT FROM pg_extension WHERE extname IN ('pg_repack', 'pg_squeeze')) THEN part.toast::text ELSE '' END,
           coalesce((SELECT string_agg(s.relfilenode::text, ' ' ORDER BY s.oid) FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
                      WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = part.relid
                        AND d.deptype IN ('a', 'i') AND current_setting('server_version_num')::int >= 150000), ''),
           coalesce((SELECT hashtext(string_agg(concat(a.attnum, ' ', a.atttypid, ' ', a.atttypmod), ',' ORDER BY a.attnum)) FROM pg_attribute a
                      WHERE a.attrelid = part.relid AND a.attnum > 0), 0))
           ORDER BY part.relid), '[]')
    FROM part)`

/**
 * SQL: where the table `c` is in the publication `p` by its schema, the OID of the schema's place there and the version of the
 * table's place in the schema. Empty where row `r` of pg_publication_rel has it. By pg_depend, since 14 has no such catalog.
 */
export const placeOf = (p: string, c: string, r: string) => `
  CASE WHEN ${r}.oid IS NULL THEN coalesce((
    SELECT concat_ws(' ', member.objid, (SELECT d.xmin FROM pg_depend d
                                          WHERE d.classid = 'pg_class'::regclass AND d.objid = ${c}.oid AND d.objsubid = 0 AND d.refclassid = 'pg_namespace'::regclass))
      FROM pg_depend member JOIN pg_depend its ON its.classid = member.classid AND its.objid = member.objid
     WHERE ${ofSchemas('member')} AND member.refobjid = ${c}.relnamespace
       AND its.refclassid = 'pg_publication'::regclass AND its.refobjid = ${p}.oid), '') ELSE '' END`

const ofSchemas = (d: string) =>
  `${d}.classid = to_regclass('pg_catalog.pg_publication_namespace') AND ${d}.refclassid = 'pg_namespace'::regclass`

/**
 * OIDs of those that were away between two looks, or came with rows in them. One that is gone is none: its rows were told.
 * @param away those that were away at the last look
 */
export function untold(known: readonly Part[], now: readonly Part[], away: ReadonlySet<string>): string[] {
  const before = new Map(known.map((part) => [part[0], part]))
  return now.filter((part) => isUntold(before.get(part[0]), part, away)).map(([oid]) => oid)
}

function isUntold(was: Part | undefined, now: Part, away: ReadonlySet<string>): boolean {
  const [oid, link] = now
  if (isUnlogged(now)) return false // away yet
  if (away.has(oid)) return true
  // A file that is not the first one may have been an UNLOGGED one before.
  if (was === undefined) return hasRows(now) && !(isBorn(now) && (now[3] === oid || now[3] === '0'))
  return was[1] !== link || (isUnlogged(was) ? hasRows(now) : wasUnlogged(was, now))
}

export const isUnlogged = ([, , flags]: Part): boolean => flags.includes('u')
const isBorn = ([, , flags]: Part): boolean => flags.includes('b')
const hasRows = ([, , flags]: Part): boolean => flags.includes('r')

/** Rewritten as SET UNLOGGED and SET LOGGED do it, and neither as maintenance does nor for its columns. */
function wasUnlogged(was: Part, now: Part): boolean {
  const [, , , node, toast, sequences, shape] = was
  const [, , , nodeNow, toastNow, sequencesNow, shapeNow] = now
  if (node === nodeNow || shape !== shapeNow || !hasRows(now)) return false
  const knowsToast = toast !== '' && toastNow !== ''
  const knowsSequences = sequences !== '' && sequencesNow !== ''
  const isDenied = (knowsToast && toast === toastNow) || (knowsSequences && sequences === sequencesNow)
  return (knowsToast || knowsSequences) && !isDenied
}

/** OIDs of those that `now` does not follow: of the known ones, and new ones that have rows already. */
export function goneAway(known: readonly Part[], now: readonly Part[]): string[] {
  const followed = new Set(now.filter((part) => !isUnlogged(part)).map(([oid]) => oid))
  const unlogged = now.filter((part) => isUnlogged(part) && hasRows(part))
  const left = known.filter((part) => !isUnlogged(part) && !followed.has(part[0]))
  return [...left, ...unlogged].map(([oid]) => oid)
}
