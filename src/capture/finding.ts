// One row of a preflight: what was looked at, what was found, and the SQL or setting that mends it.

export interface Finding {
  readonly level: 'ok' | 'warn' | 'fail'
  /** What was looked at, a few words. */
  readonly title: string
  /** What was found, one sentence without data of patients. */
  readonly found: string
  /** SQL or config that mends it; null where nothing needs mending. */
  readonly remedy: string | null
}

export const ok = (title: string, found: string): Finding => ({ level: 'ok', title, found, remedy: null })
export const warn = (title: string, found: string, remedy: string): Finding => ({ level: 'warn', title, found, remedy })
export const fail = (title: string, found: string, remedy: string): Finding => ({ level: 'fail', title, found, remedy })

/** What preflight needs of an ordinary connection; `pg`'s Pool and Client are such. */
export interface Sql {
  query<R extends object>(text: string, values?: unknown[]): Promise<{ readonly rows: R[] }>
}

/** A table that the daemon follows or reads. */
export interface WatchedTable {
  /** The model's name in the config: messages point at `models.<model>`. */
  readonly model: string
  readonly schema: string
  readonly table: string
  /** Real names of the columns that the model needs. */
  readonly columns: readonly string[]
  /** Canonical names that the config gives to columns of other names: the table may not have columns of these. */
  readonly taken: readonly string[]
  /** Real names of columns that are read as moments, and as minutes. */
  readonly moments: readonly string[]
  readonly minutes: readonly string[]
  /** IANA name, in which moments without a zone are read; absent: UTC. */
  readonly timeZone?: string
  /** Its changes are followed, so the publication must have it. */
  readonly published: boolean
  /** The daemon needs old values: REPLICA IDENTITY FULL. */
  readonly needsOldImage: boolean
  /** Resolution reads it: SELECT on `columns`, and no row security in the way. */
  readonly selected: boolean
  /** Of a further model: the real columns that the config maps to `id` and `patient_id`; null: it does not say. */
  readonly keys?: { readonly id: string | null; readonly patient: string | null }
}

export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** https://www.postgresql.org/docs/current/sql-keywords-appendix.html: those that no column or role can be called bare. */
const reserved: ReadonlySet<string> = new Set(
  `all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column
  concurrently constraint create cross current_catalog current_date current_role current_schema current_time
  current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze from
  full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit localtime
  localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references returning
  right select session_user similar some symmetric system_user table tablesample then to trailing true union unique user
  using variadic verbose when where window with`.split(/\s+/),
)

/** Bare where PostgreSQL would take it so, else quoted: for SQL that a person reads. */
export const readableIdentifier = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) && !reserved.has(name) ? name : quoteIdentifier(name)

export const readableTable = (table: { readonly schema: string; readonly table: string }): string =>
  `${readableIdentifier(table.schema)}.${readableIdentifier(table.table)}`
