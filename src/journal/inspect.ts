// The journal's place as `check` looks at it: may this user write there, and is there room. Changes nothing, opens no database.
import { access, constants, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorCode } from '../base/errors.js'
import { type Finding, fail, ok, warn } from '../capture/finding.js'
import { inspectFileSystem } from './file-system.js'

/** A million owed notifications take about 2.5 GB. */
const littleBytes = 5_000_000_000

/** @param path of the journal's file */
export async function inspectJournal(path: string): Promise<readonly Finding[]> {
  const title = 'journal'
  const isThere = await may(path, constants.F_OK)
  const place = isThere === null ? path : await nearestFolder(dirname(path))
  const isWrong = isThere !== null && !(await stat(place)).isDirectory()
  const refused = isWrong ? 'ENOTDIR' : await may(place, constants.R_OK | constants.W_OK)
  if (refused !== null) {
    const remedy = 'let the user that runs notifyd write there, or set journal.url to a file in a folder of its own'
    return [fail(title, `${place} cannot be written (${refused})`, remedy)]
  }
  const { bavail, bsize } = await statfs(place)
  const free = bavail * bsize
  const file = isThere === null ? path : `${path} (not there yet)`
  const found = `${file}, ${Math.round(free / 1_000_000)} MB free`
  const system = await inspectFileSystem(place)
  const more = system === null ? [] : [system]
  if (free >= littleBytes) return [ok(title, found), ...more]
  return [
    ...more,
    warn(title, found, 'while endpoints are down the journal grows: about 2.5 GB for a million notifications'),
  ]
}

/** Null: it may. Else the error's code. */
async function may(path: string, mode: number): Promise<string | null> {
  try {
    await access(path, mode)
    return null
  } catch (error) {
    return errorCode(error) ?? 'unknown'
  }
}

/** The daemon makes the folders that are missing. */
async function nearestFolder(folder: string): Promise<string> {
  const parent = dirname(folder)
  return parent === folder || (await may(folder, constants.F_OK)) === null ? folder : nearestFolder(parent)
}
