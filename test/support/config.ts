// A small config, and ways to load it with something else in it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '../../src/base/errors.js'
import { type LoadedConfig, loadConfig } from '../../src/config.js'

export const small = {
  database: { url: 'postgres://notifyd@db.example/clinic' },
  endpoints: [{ name: 'desk', url: 'https://desk.example/hook' }],
}
/** The small config with other things in its one endpoint. */
export const withEndpoint = (more: object) => ({ ...small, endpoints: [{ ...small.endpoints[0], ...more }] })

/** Gives `use` a config.json of this content, in a folder of its own that goes afterwards. */
export async function inFolder<T>(content: string, use: (file: string, directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'notifyd-config-'))
  try {
    const file = join(directory, 'config.json')
    await writeFile(file, content)
    return await use(file, directory)
  } finally {
    await rm(directory, { recursive: true })
  }
}

type Env = Readonly<Record<string, string>>

/** Loads a config from a file. */
export const load = (config: unknown, env: Env = {}): Promise<LoadedConfig> =>
  inFolder(JSON.stringify(config), (file) => loadConfig(file, env))

/** The ConfigError that the loading must end with. */
export async function errorOf(loading: Promise<unknown>): Promise<ConfigError> {
  const error = await loading.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof ConfigError)) throw new Error('expected a ConfigError', { cause: error })
  return error
}

/** The problems of a config, as `path: message`. */
export const problems = async (config: unknown, env: Env = {}): Promise<string[]> =>
  (await errorOf(load(config, env))).problems.map(({ path, message }) => `${path}: ${message}`)
