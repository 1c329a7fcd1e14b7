// Generated columns beside a publication. From PostgreSQL 18 on a published table whose replica identity holds one that is
// not published refuses every UPDATE and DELETE of the application (42P10): a STORED one is published, a VIRTUAL one never
// can be. Owns that nothing of ours leads there, and that what mends it is told.
// https://www.postgresql.org/docs/18/logical-replication-gencols.html
import type { Named } from './database-state.js'
import { type Finding, fail, readableIdentifier, readableTable } from './finding.js'
import { treeOf } from './tree.js'

export interface GeneratedColumn {
  readonly name: string
  /** pg_attribute.attgenerated: stored or virtual. */
  readonly kind: 's' | 'v'
  /** The same column as a STORED one, as ADD COLUMN takes it. */
  readonly stored: string
  /** A key that is the replica identity has it. */
  readonly in_key: boolean
}

export interface Generated {
  /** The table, or a partition of it, has REPLICA IDENTITY FULL. */
  readonly has_full: boolean
  readonly generated: readonly GeneratedColumn[]
  /** Publications with the table or a partition of it that leave its generated columns out; none before PostgreSQL 18. */
  readonly generated_hidden_in: readonly string[]
}

/** SQL: the generated columns of the row `c` of pg_class, as an array of `GeneratedColumn`. */
export const generatedColumns = (c: string) => `(
  SELECT coalesce(json_agg(json_build_object(
           'name', a.attname, 'kind', a.attgenerated,
           'stored', format('%I %s GENERATED ALWAYS AS (%s) STORED', a.attname, format_type(a.atttypid, a.atttypmod),
                            pg_get_expr(d.adbin, d.adrelid)),
           'in_key', EXISTS (SELECT FROM pg_index k WHERE k.indrelid = ${c}.oid AND a.attnum = ANY (k.indkey)
                                AND (${c}.relreplident = 'd' AND k.indisprimary OR ${c}.relreplident = 'i' AND k.indisreplident)))
           ORDER BY a.attnum), '[]')
    FROM pg_attribute a JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE a.attrelid = ${c}.oid AND a.attgenerated <> '' AND NOT a.attisdropped)`

/** SQL of an object like `Generated`, of the row `c` of pg_class. */
export const generated = (c: string) => `
  'has_full', ${c}.relreplident = 'f' OR EXISTS (
    SELECT FROM ${treeOf(c)} tree JOIN pg_class leaf ON leaf.oid = tree.relid AND leaf.relreplident = 'f'),
  'generated', ${generatedColumns(c)},
  'generated_hidden_in', (
    SELECT coalesce(json_agg(DISTINCT pub.pubname), '[]')
      FROM pg_publication pub JOIN pg_publication_tables t ON t.pubname = pub.pubname
      JOIN pg_namespace tn ON tn.nspname = t.schemaname
      JOIN pg_class tc ON tc.relnamespace = tn.oid AND tc.relname = t.tablename
     WHERE (pub.pubupdate OR pub.pubdelete) AND to_jsonb(pub) ->> 'pubgencols' = 'n'
       AND (tc.oid = ${c}.oid OR tc.oid IN (SELECT tree.relid FROM ${treeOf(c)} tree)))`

/** SQL that has a publication send STORED columns; PostgreSQL 18 and later. @param publication as SQL */
export const publishingGenerated = (publication: string): string =>
  `ALTER PUBLICATION ${publication} SET (publish_generated_columns = stored);`

/** SQL that makes VIRTUAL columns STORED, which is by a new column of the same name: the server knows no other way. */
export const storing = (table: Named, columns: readonly GeneratedColumn[]): string => {
  const steps = columns.map(({ name, stored }) => `DROP COLUMN ${readableIdentifier(name)}, ADD COLUMN ${stored}`)
  return `ALTER TABLE ${readableTable(table)} ${steps.join(', ')};`
}

/**
 * What stands between the table and the identity that it has or is to have.
 * @param isToBeFull it is to have REPLICA IDENTITY FULL, whatever it has
 */
export function generatedFindings(
  table: Named,
  { has_full: isFull, generated: all, generated_hidden_in: hiddenIn }: Generated,
  isToBeFull: boolean,
): Finding[] {
  const name = readableTable(table)
  const title = `generated columns of ${name}`
  const inIdentity = all.filter((column) => isToBeFull || isFull || column.in_key)
  const virtual = inIdentity.filter(({ kind }) => kind === 'v')
  const publish = hiddenIn.map((publication) => publishingGenerated(readableIdentifier(publication))).join(' ')
  if (virtual.length > 0) {
    const found = `${list(virtual)} of ${name} is a VIRTUAL generated column: published with REPLICA IDENTITY FULL, the table refuses the application's UPDATE and DELETE`
    return [fail(title, found, `${publish} ${storing(table, virtual)}  -- writes the whole table anew`.trim())]
  }
  const hidden = inIdentity.filter(({ kind }) => kind === 's')
  if (hidden.length === 0 || hiddenIn.length === 0) return []
  const found = `${list(hidden)} of ${name} is a generated column, and publication ${hiddenIn.map(readableIdentifier).join(', ')} leaves it out: the application's UPDATE and DELETE fail`
  return [fail(title, found, publish)]
}

const list = (columns: readonly GeneratedColumn[]): string =>
  columns.map(({ name }) => readableIdentifier(name)).join(', ')
