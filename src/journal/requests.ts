// What a command asks of the running daemon: a row, carried out and answered by the daemon (spec section 8). With no daemon
// running the command takes the journal's lock and does the work itself.
import type { GroupCommit } from './group-commit.js'
import type { Sqlite } from './sqlite.js'

export interface Request {
  readonly id: number
  readonly kind: string
  /** JSON. */
  readonly arguments: unknown
}

export class Requests {
  #seenVersion: unknown = null

  constructor(
    private readonly sqlite: Sqlite,
    private readonly commits: GroupCommit,
  ) {}

  /** Resolves to the request's id. */
  ask(kind: string, given: unknown): Promise<number> {
    const insert = 'INSERT INTO request (kind, arguments, asked_at) VALUES (?, ?, ?)'
    return this.commits.write(() => this.sqlite.run(insert, [kind, JSON.stringify(given), Date.now()]).id)
  }

  /** Whether another connection has written since this was last asked: a few microseconds, so it may be asked often. */
  hasNews(): boolean {
    const version = this.sqlite.get('PRAGMA data_version')?.['data_version']
    const isNew = version !== this.#seenVersion
    this.#seenVersion = version
    return isNew
  }

  /** Those without an answer, the oldest first. */
  open(): readonly Request[] {
    const rows = this.sqlite.all('SELECT id, kind, arguments FROM request WHERE answered_at IS NULL ORDER BY id')
    return rows.map((row) => ({
      id: Number(row['id']),
      kind: String(row['kind']),
      arguments: JSON.parse(String(row['arguments'])),
    }))
  }

  answer(id: number, answer: unknown): Promise<void> {
    return this.commits.write(() => {
      // Arguments may hold notifications: they are not kept.
      this.sqlite.run(`UPDATE request SET answered_at = ?, answer = ?, arguments = '{}' WHERE id = ?`, [
        Date.now(),
        JSON.stringify(answer),
        id,
      ])
    })
  }

  /** Takes an unanswered request back. Whether it was still there. */
  withdraw(id: number): Promise<boolean> {
    const remove = 'DELETE FROM request WHERE id = ? AND answered_at IS NULL'
    return this.commits.write(() => this.sqlite.run(remove, [id]).changes > 0)
  }

  /** Undefined: not answered yet. */
  answerOf(id: number): unknown {
    const row = this.sqlite.get('SELECT answer FROM request WHERE id = ? AND answered_at IS NOT NULL', [id])
    return row === null ? undefined : JSON.parse(String(row['answer']))
  }
}
