// Which model a relation's rows are of. Owns that a followed table is its OID, because the publication follows that: rows
// that come under another name (the table was renamed, or moved, and perhaps back) are its rows. A table that was not followed
// before and bears a followed table's name is neither taken nor passed over: the caller halts.
import type { Relation } from '../capture/change-message.js'
import { type Model, tableKey } from './model.js'

export interface FollowedOptions {
  /** By `tableKey` of the configured names. */
  readonly models: ReadonlyMap<string, Model>
  /** OID → name of the model whose table it is now. */
  readonly current: ReadonlyMap<number, string>
  /** The same of every table that was followed before: WAL from then has its rows, under the configured name. */
  readonly known: ReadonlyMap<number, string>
  /** Called once for each name under which a followed table comes that is not the configured one. */
  readonly renamed: (relation: Relation, model: Model) => void
}

export type Following =
  | { readonly tag: 'followed'; readonly model: Model }
  /** Not followed, and not called as one that is. */
  | { readonly tag: 'stranger' }
  /** It bears the name of a followed table, and is another one. */
  | { readonly tag: 'replaced'; readonly model: Model }

export class FollowedTables {
  readonly #byName: ReadonlyMap<string, Model>
  /** A relation is the same object for all of its rows. */
  readonly #judged = new WeakMap<Relation, Following>()

  constructor(private readonly options: FollowedOptions) {
    this.#byName = new Map([...options.models.values()].map((model) => [model.name, model]))
  }

  of(relation: Relation): Following {
    const judged = this.#judged.get(relation) ?? this.#judge(relation)
    this.#judged.set(relation, judged)
    return judged
  }

  #judge(relation: Relation): Following {
    const { models, current, known, renamed } = this.options
    const called = models.get(tableKey(relation.schema, relation.table))
    const is = this.#byName.get(current.get(relation.oid) ?? '')
    if (is !== undefined) {
      if (is !== called) renamed(relation, is)
      return { tag: 'followed', model: is }
    }
    if (called === undefined) return { tag: 'stranger' }
    return { tag: known.get(relation.oid) === called.name ? 'followed' : 'replaced', model: called }
  }
}
