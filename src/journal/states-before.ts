// What the journal's changes last showed of note states. Owns that an image is given only where no later one can have been
// forgotten, and that looking costs no more than reading so many changes, however long the journal is.
import type { Image } from '../change/captured-change.js'
import type { LastStates } from '../change/last-state.js'
import { noteStateModel } from '../change/model.js'
import type { Sqlite } from './sqlite.js'

/** The newest ones: a state is updated soon after it was written, or hardly ever. */
const changesRead = 20_000

/** Behind `complete_from_lsn` nothing was pruned: of what lies before it a later change may be gone. */
const newest = `
  SELECT CAST(json_extract(c.image, '$.id') AS TEXT) AS id, c.image
    FROM change c JOIN checkpoint k ON k.source_id = c.source_id AND c.commit_lsn >= k.complete_from_lsn
   WHERE c.id > (SELECT max(id) FROM change) - ${changesRead} AND c.model = '${noteStateModel}' AND c.operation <> 'truncate'
     AND NOT (c.operation = 'delete' AND c.without_old_image = 1)
     AND CAST(json_extract(c.image, '$.id') AS TEXT) IN (SELECT value FROM json_each(?))
   ORDER BY c.id`

export class StatesBefore implements LastStates {
  constructor(private readonly sqlite: Sqlite) {}

  statesBefore(ids: ReadonlySet<string>): ReadonlyMap<string, Image> {
    const rows = this.sqlite.all(newest, [JSON.stringify([...ids])])
    return new Map(rows.map(({ id, image }) => [String(id), JSON.parse(String(image)) as Image]))
  }
}
