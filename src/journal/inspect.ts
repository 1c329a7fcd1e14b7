// The journal's place as `check` looks at it: may this user write there, and is there room. Changes nothing, opens no database.
import { access, constants, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorCode } from '../base/errors.js'
import { type Finding, fail, ok, warn } from '../capture/finding.js'
import { inspectFileSystem } from './file-system.js'
import { noRoomBytes } from './unwritable.js'

const title = 'journal'
/** A million owed notifications take about 2.5 GB. */
const littleBytes = 5_000_000_000

/** @param path of the journal's file */
export async function inspectJournal(path: string): Promise<readonly Finding[]> {
  const isThere = await may(path, constants.F_OK)
  const place = isThere === null ? path : await nearestFolder(dirname(path))
  const isWrong = isThere !== null && !(await stat(place)).isDirectory()
  const refused = isWrong ? 'ENOTDIR' : await may(place, constants.R_OK | constants.W_OK)
  if (refused !== null) {
    const remedy = 'let the user that runs notifyd write there, or set journal.url to a file in a folder of its own'
    return [fail(title, `${place} cannot be written (${refused})`, remedy)]
  }
  return inspectPlace(place, isThere === null ? path : `${path} (not there yet)`)
}

/** Why a journal that is there may be lost, or cannot be written: a sentence each. @throws what statfs throws */
export async function journalHindrances(path: string): Promise<readonly string[]> {
  const findings = await inspectPlace(path, path)
  // That there is little room is for `check` to say.
  return findings.flatMap(({ level, title: of, found }) => (level === 'fail' || of !== title ? [found] : []))
}

async function inspectPlace(place: string, file: string): Promise<readonly Finding[]> {
  const { bavail, bsize } = await statfs(place)
  const system = await inspectFileSystem(place)
  return [...(system === null ? [] : [system]), judgeRoom(file, bavail * bsize)]
}

/** Pure. @param file as it is printed @param free bytes that this user may still write there */
export function judgeRoom(file: string, free: number): Finding {
  const megabytes = Math.floor(free / 1_000_000)
  if (free < noRoomBytes) {
    const remedy =
      'make room on that disk: until then nothing is acknowledged, and the database keeps the WAL (NotifydJournalDiskFull in docs/operations.md)'
    return fail(title, `${file}: no room to write, ${megabytes} MB free`, remedy)
  }
  const found = `${file}, ${megabytes} MB free`
  if (free >= littleBytes) return ok(title, found)
  return warn(title, found, 'while endpoints are down the journal grows: about 2.5 GB for a million notifications')
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
