// The files that an open journal consists of, by their inodes. What is written to a file that was deleted or replaced is on no
// disk that a restart finds: so they are looked at after each commit, before anything is acknowledged. 2.5 µs a file.
import { statSync } from 'node:fs'
import { JournalError } from '../base/errors.js'

const putBack =
  'put the file back, or the newest `notifyd backup`, and start it again: what no journal has is then told as a gap'
const startAgain = 'find out who did it, and start notifyd again: another one may own the journal meanwhile'

/** The journal, what SQLite keeps beside it, and the lock that makes this daemon its one owner. */
const watched: readonly { readonly end: string; readonly remedy: string }[] = [
  { end: '', remedy: putBack },
  { end: '-wal', remedy: 'what it held was written to the journal as far as that could be done: start notifyd again' },
  { end: '-shm', remedy: 'start notifyd again, which makes it anew' },
  { end: '.lock', remedy: startAgain },
]

export interface LostFile {
  readonly error: JournalError
  /** The journal's own file is the one that was opened, so what is known can still be written to it. */
  readonly hasMain: boolean
}

export class JournalFiles {
  readonly #path: string
  readonly #known: readonly { readonly file: string; readonly identity: string; readonly remedy: string }[]

  /** Remembers the files as they are now; one that is not there is not watched. */
  constructor(path: string) {
    this.#path = path
    this.#known = watched.flatMap(({ end, remedy }) => {
      const file = `${path}${end}`
      const identity = identityOf(file)
      return identity === null ? [] : [{ file, identity, remedy }]
    })
  }

  /** The first that is not the one that was opened; null: all are. @throws what the system says where it cannot be looked at */
  lost(): LostFile | null {
    for (const { file, identity, remedy } of this.#known) {
      const now = identityOf(file)
      if (now === identity) continue
      const what = now === null ? 'deleted or moved' : 'replaced'
      const error = new JournalError(
        `${file} was ${what} while notifyd ran, so it ends, and acknowledges nothing more: ${remedy}`,
      )
      return { error, hasMain: file !== this.#path }
    }
    return null
  }
}

function identityOf(file: string): string | null {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false })
  return found === undefined ? null : `${found.dev}:${found.ino}`
}
