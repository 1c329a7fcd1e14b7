// Where PostgreSQL's programs are. In: a major version. Out: a `bin` folder that the server's user can read and run.
// The copy that npm installed may lie in a checkout which that user cannot enter, without its library links (they are
// made by an install script, and those are off), so it is copied once to a folder of ours in the temp directory.
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, parse, relative } from 'node:path'
import { type Major, nativeOf } from './majors.js'

/**
 * The system's temp directory, or the first of the usual ones that every user may enter (a private TMPDIR of root's
 * keeps the server's user out).
 */
export async function openTempDirectory(forOtherUser: boolean): Promise<string> {
  if (!forOtherUser) return tmpdir()
  for (const candidate of [tmpdir(), '/tmp', '/var/tmp']) if (await everyoneMayEnter(candidate)) return candidate
  throw new Error('no temp directory that another user may enter: set TMPDIR to one')
}

async function everyoneMayEnter(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null)
  if (found === null || (found.mode & constants.S_IXOTH) === 0) return false
  return path === parse(path).root || everyoneMayEnter(dirname(path))
}

/** Path of a `bin` folder with `initdb` and `postgres`, copied to `temp` on first use. */
export async function nativeBin(major: Major, temp: string): Promise<string> {
  const native = await nativeOf(major)
  const home = join(temp, `notifyd-postgres-${process.getuid?.() ?? 'user'}`)
  await mkdir(home, { recursive: true, mode: 0o755 })
  await refuseForeign(home)
  await chmod(home, 0o755) // whatever the umask says: another user runs what lies here
  const copy = join(home, native.version)
  if ((await stat(copy).catch(() => null)) === null) await copyNative(native.folder, copy)
  return join(copy, 'bin')
}

/** In a shared temp directory somebody else could have put programs of their own under our name. */
async function refuseForeign(home: string): Promise<void> {
  const found = await lstat(home)
  const mine = process.getuid === undefined || found.uid === process.getuid()
  if (!found.isDirectory() || !mine) throw new Error(`${home} is not a folder of this user: remove it`)
}

/** Copies beside the target and renames, so that a folder of the final name is always whole. */
async function copyNative(from: string, to: string): Promise<void> {
  const partial = join(dirname(to), `${basename(to)}.${randomUUID()}`)
  try {
    await cp(from, partial, { recursive: true, verbatimSymlinks: true })
    await linkLibraries(partial)
    await openModes(partial)
    await rename(partial, to).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error // else another process was first
    })
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

async function linkLibraries(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '[]' // some platforms need none
    throw error
  })
  for (const link of JSON.parse(list) as { source: string; target: string }[]) {
    const target = join(native, relative('native', link.target))
    await rm(target, { force: true })
    await symlink(relative(dirname(link.target), link.source), target)
  }
}

async function openModes(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await openModes(path)
    else if (entry.isFile()) await chmod(path, basename(folder) === 'bin' ? 0o755 : 0o644)
  }
}
