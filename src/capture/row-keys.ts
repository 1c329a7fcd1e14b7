// What tells the rows of a further model apart, and whose they are, where the config does not say: its table's primary key, and
// the column that refers to the patients. As the catalogs have it; reads only. Findings for `check`.
import { type Finding, ok, readableIdentifier, readableTable, type Sql, type WatchedTable, warn } from './finding.js'

export interface RowKeys {
  readonly columns: readonly string[]
  /** In the key's order; none: there is no primary key. */
  readonly primaryKey: readonly string[]
  /** Single columns with a foreign key to the patients' table. */
  readonly patientColumns: readonly string[]
}

const keysQuery = `
  SELECT json_build_object(
    'columns', (SELECT coalesce(json_agg(a.attname), '[]') FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
    'primaryKey', (SELECT coalesce(json_agg(a.attname ORDER BY k.place), '[]')
                     FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY k (attnum, place)
                     JOIN pg_attribute a ON a.attnum = k.attnum
                    WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid AND k.place <= i.indnkeyatts),
    'patientColumns', (SELECT coalesce(json_agg(DISTINCT a.attname), '[]')
                         FROM pg_constraint f JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = f.conkey[1]
                         JOIN pg_class p ON p.oid = f.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
                        WHERE f.conrelid = c.oid AND f.contype = 'f' AND cardinality(f.conkey) = 1
                          AND pn.nspname = $3 AND p.relname = $4)) AS keys
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`

type Table = Pick<WatchedTable, 'schema' | 'table'>

/** Null: there is no such table. */
export async function readRowKeys(sql: Sql, table: Table, patients: Table): Promise<RowKeys | null> {
  const names = [table.schema, table.table, patients.schema, patients.table]
  const { rows } = await sql.query<{ keys: RowKeys }>(keysQuery, names)
  return rows[0]?.keys ?? null
}

/** A row for each further model of the watched tables. */
export async function inspectRowKeys(sql: Sql, tables: readonly WatchedTable[]): Promise<Finding[]> {
  const patients = tables.find(({ model }) => model === 'patient')
  if (patients === undefined) return []
  const findings: Finding[] = []
  for (const table of tables) {
    const keys = table.keys === undefined ? null : await readRowKeys(sql, table, patients)
    if (keys !== null) findings.push(...ofTable(table, keys))
  }
  return findings
}

function ofTable(table: WatchedTable, { columns, primaryKey, patientColumns }: RowKeys): Finding[] {
  const { model, keys } = table
  const name = readableTable(table)
  const title = `keys of ${name}`
  const isOfKey = primaryKey.length === 0 || primaryKey.includes('id')
  const called = columns.includes('id') && isOfKey ? 'id' : null
  const id = keys?.id ?? called ?? (primaryKey.length === 0 ? null : primaryKey.join(', '))
  const reference = patientColumns.length === 1 ? (patientColumns[0] ?? null) : null
  const patient = keys?.patient ?? (columns.includes('patient_id') ? 'patient_id' : reference)
  const findings: Finding[] = []
  if (id === null) {
    const found = `${name} has no primary key, and no column is mapped to id: canvas_id is null, and all its rows share one lane`
    findings.push(warn(title, found, `map id in models.${model}.columns to a column that tells its rows apart`))
  }
  if (patient === null) {
    const found = `no column of ${name} is known to be its patient’s id: patient_key is null`
    findings.push(warn(title, found, `map patient_id in models.${model}.columns, where the table has one`))
  }
  if (findings.length > 0 || id === null || patient === null) return findings
  const told = `canvas_id is ${readableIdentifier(id)}, the patient’s id ${readableIdentifier(patient)}`
  return [ok(title, told)]
}
