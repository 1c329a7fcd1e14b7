// How much is owed to each endpoint, and how much of it is dead.
import type { Sqlite } from './sqlite.js'

export interface EndpointDebts {
  readonly endpoint: string
  readonly owed: number
  readonly dead: number
}

/** In the order of the endpoints' names; one to which nothing is owed and of which nothing is dead is not there. */
export function readDebts(sqlite: Sqlite): readonly EndpointDebts[] {
  const counts = new Map<string, { owed: number; dead: number }>()
  for (const state of ['owed', 'dead'] as const) {
    for (const row of sqlite.all(
      `SELECT endpoint, count(*) AS n FROM delivery WHERE state = '${state}' GROUP BY endpoint`,
    )) {
      const endpoint = String(row['endpoint'])
      const known = counts.get(endpoint) ?? { owed: 0, dead: 0 }
      counts.set(endpoint, { ...known, [state]: Number(row['n']) })
    }
  }
  const rows = [...counts].map(([endpoint, known]) => ({ endpoint, ...known }))
  return rows.sort((a, b) => (a.endpoint < b.endpoint ? -1 : 1))
}
