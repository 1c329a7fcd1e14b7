// What SQLite throws in, an error out that says what it is: a full disk is ENOSPC and not ERR_SQLITE_ERROR, a damaged file
// ends the daemon. Result codes are https://www.sqlite.org/rescode.html; no text of SQLite's is looked at.
import { getSystemErrorName } from 'node:util'
import { errorCode, JournalError } from '../base/errors.js'

const busy = 5
const ioError = 10
const corrupt = 11
const full = 13
const cannotOpenFile = 14
const notADatabase = 26

/** A lock is held by another connection for longer than it is waited for; the file system is read-only. */
const codes: Readonly<Record<number, string>> = {
  [busy]: 'EBUSY',
  6: 'EBUSY',
  8: 'EROFS',
  [ioError]: 'EIO',
  [full]: 'ENOSPC',
}

/** SQLITE_BUSY: another connection holds the lock. */
export const isBusy = (error: unknown): boolean => resultCode(error) === busy

export const malformed = 'SQLite finds it malformed'

/** SQLITE_CORRUPT: a database, and one that cannot be read. */
export const isMalformed = (error: unknown): boolean => resultCode(error) === corrupt

/** Whether SQLite threw it. */
export const isOfSqlite = (error: unknown): boolean => resultCode(error) !== null

/** The primary result code; null: the error is not SQLite's. */
function resultCode(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return null
  return typeof error.errcode === 'number' ? error.errcode & 0xff : null
}

/** What the system said, where the driver passes it on. */
function systemCode(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('systemErrno' in error)) return null
  const { systemErrno } = error
  return typeof systemErrno === 'number' && systemErrno > 0 ? getSystemErrorName(-systemErrno) : null
}

/** The same error, or one with the code that an operator knows; a JournalError where the file is damaged. */
export function namedError(error: unknown): unknown {
  const result = resultCode(error)
  if (result === null) return error
  if (result === corrupt || result === notADatabase) return damaged(malformed, error)
  const system = result === ioError || result === cannotOpenFile ? systemCode(error) : null
  const code = system ?? codes[result]
  if (code === undefined) return error
  const message = error instanceof Error ? error.message : String(error)
  return Object.assign(new Error(message, { cause: error }), { code })
}

/** @param found what is wrong, without data of patients */
export const damaged = (found: string, cause?: unknown): JournalError =>
  new JournalError(
    `the journal is damaged (${found}): stop notifyd, keep the file, and see "A damaged journal" in docs/operations.md`,
    { cause },
  )

/** Why a journal could not be opened, with what to do. */
export function cannotOpen(path: string, cause: unknown): JournalError {
  if (cause instanceof JournalError) return cause
  const code = errorCode(namedError(cause)) ?? 'unknown'
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new JournalError(
        `there is no journal ${path}: \`notifyd run\` makes it, or journal.url names another file`,
        { cause },
      )
    case 'EACCES':
    case 'EPERM':
      return new JournalError(
        `this user may not open the journal ${path} (${code}): use the user that runs notifyd, or correct journal.url`,
        { cause },
      )
    case 'ENOSPC':
    case 'EDQUOT':
      return new JournalError(`the disk of the journal ${path} is full (${code}): make room and start again`, { cause })
    case 'EBUSY':
      return new JournalError(`another process holds the journal ${path}: end it, or try again`, { cause })
    default:
      return new JournalError(
        `the journal ${path} cannot be opened (${code}): is journal.url a path on a sound disk?`,
        {
          cause,
        },
      )
  }
}
