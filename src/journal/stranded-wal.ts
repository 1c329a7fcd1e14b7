// Whether the -wal beside a journal can be its own, before SQLite opens the two: it applies any -wal that bears the file's name, and
// deletes one that lies beside an empty file. A path in; a journal in pieces is refused, and nothing is touched. The rule never
// errs on a journal that is whole: a -wal is made only beside a file whose header says WAL mode, and a backup's says it is not.
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { JournalError } from '../base/errors.js'

/** https://www.sqlite.org/fileformat.html#file_format_version_numbers */
const readVersionAt = 19
const ofWalMode = 2

/** @throws JournalError that says which files to move */
export function refuseStrandedWal(path: string): void {
  // The -wal first: one that a daemon makes meanwhile is of a file that says so already.
  if (sizeOf(`${path}-wal`) === 0) return
  const header = headerOf(path)
  if (header !== null && header[readVersionAt] === ofWalMode) return
  const wal = `${path}-wal`
  if (header !== null && header.length > readVersionAt) {
    throw new JournalError(
      `${path} is a copy that \`notifyd backup\` made, and ${wal} is left of the file that was there before, so nothing was opened: move ${wal} and ${path}-shm away, and start again`,
    )
  }
  const what = header === null ? `there is no ${path}` : `${path} is empty`
  throw new JournalError(
    `${what}, and ${wal} is left of the file that was there before, so nothing was opened: put back that file; where it is lost, ${fromBackup(path)}, and start again`,
  )
}

/** What to do where the journal itself is gone or spoilt. */
export const fromBackup = (path: string): string =>
  `move what is left of ${path}, ${path}-wal and ${path}-shm away together, copy the newest \`notifyd backup\` to ${path}`

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0

/** No more than its first bytes; null: there is no file. Only for one that this process has not open: this drops its locks on it. */
function headerOf(path: string): Buffer | null {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return null
  const descriptor = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(readVersionAt + 1)
    return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, 0))
  } finally {
    closeSync(descriptor)
  }
}
