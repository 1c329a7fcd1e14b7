// SIGHUP: the config file and the files it names are read again while the daemon works. Endpoints' URLs, headers, secrets,
// certificates and proxies are taken over; whatever else changed is named as needing a restart; a config that is wrong
// changes nothing. No value ever reaches the log, only the keys.
import { isDeepStrictEqual } from 'node:util'
import { ConfigError, errorCode } from './base/errors.js'
import type { Log } from './base/log.js'
import { type LoadedConfig, loadConfig } from './config.js'
import type { Endpoint } from './send/endpoint.js'
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

type Address = Pick<Endpoint, 'url' | 'secrets' | 'headers' | 'tls' | 'proxy'>
type Keys = Readonly<Record<string, unknown>>

export class Reload {
  #running: Running
  #isReading = false
  #isAskedAgain = false
  /** Called with all endpoints; those that are the same objects did not change. */
  taken: (endpoints: readonly Endpoint[]) => void = () => undefined

  constructor(
    running: Running,
    private readonly log: Log,
  ) {
    this.#running = running
  }

  get endpoints(): readonly Endpoint[] {
    return this.#running.settings.endpoints
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
      const proxied = running.settings.endpoints.filter(
        ({ proxy }, index) => proxy !== this.#running.settings.endpoints[index]?.proxy,
      )
      this.#running = running
      this.taken(running.settings.endpoints)
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
  const changed: string[] = []
  const needsRestart = changedKeys(sections(running.config), sections(config))
  if (!isDeepStrictEqual(running.settings.address.tls, settings.address.tls)) needsRestart.push('database.tls')
  const names = (of: Settings) => of.endpoints.map(({ name }) => name)
  const isOther = (name: string) => !names(running.settings).includes(name) || !names(settings).includes(name)
  const all = new Set([...names(running.settings), ...names(settings)])
  for (const name of all) if (isOther(name)) needsRestart.push(`endpoints.${name}`)

  const taken = running.settings.endpoints.map((before) => {
    const found = settings.endpoints.find(({ name }) => name === before.name)
    if (found === undefined) return before
    const keys = changedKeys(address(before), address(found))
    changed.push(...keys.map((key) => `endpoints.${before.name}.${key}`))
    return keys.length === 0 ? before : { ...before, ...address(found) }
  })
  const kept = running.config.endpoints.map((before) => {
    const found = config.endpoints.find(({ name }) => name === before.name)
    if (found === undefined) return before
    const { url, secrets, headers, tls, proxy } = found
    const merged = { ...before, url, secrets, headers, tls, proxy }
    needsRestart.push(...changedKeys(merged, found).map((key) => `endpoints.${before.name}.${key}`))
    return merged
  })
  const merged = { ...running.settings, endpoints: taken }
  const restart = [...new Set(needsRestart)]
  return {
    running: { config: { ...running.config, endpoints: kept }, settings: merged },
    changed,
    needsRestart: restart,
  }
}

const address = ({ url, secrets, headers, tls, proxy }: Endpoint): Address => ({ url, secrets, headers, tls, proxy })

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
