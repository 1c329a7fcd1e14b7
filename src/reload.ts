// SIGHUP: the config file and the files it names are read again while the daemon works. All of an endpoint is taken over, and
// endpoints that are new or gone; whatever else changed is named as needing a restart; a config that is wrong changes nothing. No
// value ever reaches the log, only the keys.
import { isDeepStrictEqual } from 'node:util'
import { ConfigError, errorCode } from './base/errors.js'
import type { Log } from './base/log.js'
import { type LoadedConfig, loadConfig } from './config.js'
import { logProxies } from './send/proxy.js'
import { readSettings, type Settings } from './settings.js'

/** What is in force. */
export interface Running {
  readonly config: LoadedConfig
  readonly settings: Settings
}

export interface Reread {
  readonly running: Running
  /** Keys that are in force now. */
  readonly changed: readonly string[]
  readonly needsRestart: readonly string[]
}

type Keys = Readonly<Record<string, unknown>>

export class Reload {
  #running: Running
  #isReading = false
  #isAskedAgain = false
  /** Called with what is in force from now on; endpoints that are the same objects did not change. */
  taken: (settings: Settings) => void = () => undefined

  constructor(
    running: Running,
    private readonly log: Log,
  ) {
    this.#running = running
  }

  /** What is in force now. */
  get settings(): Settings {
    return this.#running.settings
  }

  /** Never throws; asked again while it reads, it reads once more. */
  async read(): Promise<void> {
    this.#isAskedAgain = true
    if (this.#isReading) return
    this.#isReading = true
    while (this.#isAskedAgain) {
      this.#isAskedAgain = false
      await this.#readOnce()
    }
    this.#isReading = false
  }

  async #readOnce(): Promise<void> {
    try {
      const { running, changed, needsRestart } = await readAgain(this.#running)
      const proxyOf = new Map(this.settings.endpoints.map(({ name, proxy }) => [name, proxy]))
      const proxied = running.settings.endpoints.filter(({ name, proxy }) => proxy !== (proxyOf.get(name) ?? null))
      this.#running = running
      this.taken(running.settings)
      logProxies(proxied, false, this.log)
      this.log.info({ changed }, 'config read again')
      if (needsRestart.length > 0)
        this.log.warn(
          { needs_restart: needsRestart },
          'these keys changed too, and take effect at the next start of the daemon',
        )
    } catch (error) {
      const found = error instanceof ConfigError ? error.problems : []
      const problems = found.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
      this.log.error(
        { code: errorCode(error) ?? undefined, problems },
        'the config could not be read again: the one before stays in force; correct it and send SIGHUP again',
      )
    }
  }
}

/** @throws ConfigError: nothing of it is in force then. */
export async function readAgain(running: Running, env = process.env): Promise<Reread> {
  const config = await loadConfig(running.config.file, env)
  const settings = await readSettings(config)
  const needsRestart = changedKeys(sections(running.config), sections(config))
  if (!isDeepStrictEqual(running.settings.address.tls, settings.address.tls)) needsRestart.push('database.tls')
  const before = byName(running.settings)
  const given = byName(settings)
  const endpoints = settings.endpoints.map((found) => {
    const old = running.settings.endpoints.find(({ name }) => name === found.name)
    return old !== undefined && isDeepStrictEqual(old, found) ? old : found
  })
  const { wanted, gapNotices } = settings
  return {
    running: {
      config: { ...running.config, endpoints: config.endpoints },
      settings: { ...running.settings, endpoints, wanted, gapNotices },
    },
    changed: [...new Set([...before.keys(), ...given.keys()])].flatMap((name) => {
      const [old, found] = [before.get(name), given.get(name)]
      const path = `endpoints.${name}`
      return old === undefined || found === undefined ? [path] : changedKeys(old, found).map((key) => `${path}.${key}`)
    }),
    needsRestart: [...new Set(needsRestart)],
  }
}

/** Each endpoint under the config's own names, with what its files and the environment hold. */
function byName({ endpoints, wanted, gapNotices }: Settings): ReadonlyMap<string, Keys> {
  const notifications = new Map(wanted.map(({ name, notifications: names }) => [name, names]))
  return new Map(
    endpoints.map(({ timeoutMs: timeout_ms, retrySeconds: retry_seconds, ...endpoint }) => [
      endpoint.name,
      {
        ...endpoint,
        timeout_ms,
        retry_seconds,
        notifications: notifications.get(endpoint.name),
        gap_notices: gapNotices.includes(endpoint.name),
      },
    ]),
  )
}

/** `database.url`, `log.level`, `protocols` …: all but the endpoints. */
function sections({ endpoints: _, $schema: __, ...config }: LoadedConfig): Keys {
  const flat: Record<string, unknown> = {}
  for (const [section, value] of Object.entries(config)) {
    const isSection = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (!isSection) flat[section] = value
    else for (const [key, inner] of Object.entries(value)) flat[`${section}.${key}`] = inner
  }
  return flat
}

const changedKeys = (before: object, after: object): string[] => {
  const [old, given]: [Keys, Keys] = [{ ...before }, { ...after }]
  const keys = new Set([...Object.keys(old), ...Object.keys(given)])
  return [...keys].filter((key) => !isDeepStrictEqual(old[key], given[key]))
}
