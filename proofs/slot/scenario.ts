// What a proof is: a scenario runs on a real server with the built daemon, and each of its checks says what was to be, what
// was measured, and whether that is good enough.

export interface ProofOptions {
  /** Changes of the mapped tables that commit while every endpoint is down. */
  readonly changes: number
  /** Of these, in a second, at most. */
  readonly rate: number
  /** WAL of other tables, in MB, written at 5 MB/s at most. */
  readonly walMb: number
  /** Rows of a backlog. */
  readonly rows: number
  /** What goes on, for who waits. */
  readonly say: (text: string) => void
}

export interface Check {
  readonly goal: string
  readonly measured: string
  readonly pass: boolean
}

export interface Scenario {
  readonly name: string
  run(options: ProofOptions): Promise<readonly Check[]>
}

const mb = 1024 * 1024

/** A size that must stay below a limit. */
export const below = (what: string, bytes: number, limitMb: number): Check => ({
  goal: `${what} < ${limitMb} MB`,
  measured: `${(bytes / mb).toFixed(1)} MB`,
  pass: bytes < limitMb * mb,
})

/** A time that must not exceed a limit; null: it did not happen at all. */
export const within = (what: string, ms: number | null, limitMs: number, more = ''): Check => ({
  goal: `${what} ≤ ${limitMs / 1000} s`,
  measured: `${ms === null ? 'never' : `${(ms / 1000).toFixed(2)} s`}${more}`,
  pass: ms !== null && ms <= limitMs,
})

export const holds = (goal: string, measured: string | number, pass: boolean): Check => ({
  goal,
  measured: String(measured),
  pass,
})
