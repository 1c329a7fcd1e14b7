// Names that a command is given are held against those that the config and the journal have: a typo is an error that names the
// nearest, and never an empty answer. One place, for every command that takes an endpoint or a notification.
import { UsageError } from './base/errors.js'
import { notificationNames } from './compute/appointment-notification.js'
import type { LoadedConfig } from './config.js'
import type { Journal } from './journal/journal.js'
import { isJournaledNotification, journaledEndpoints, journaledNotifications } from './journal/known-names.js'
import { nearest } from './terminal/nearest.js'
import { isThere, readJournal } from './terminal/read-journal.js'

export interface GivenNames {
  /** As `--endpoint` had it. */
  readonly endpoint?: string | undefined
  readonly notifications?: readonly string[] | undefined
  /** For the message. */
  readonly notificationOption?: string
}

/** What notifyd itself sends beside the six. */
const ownNotifications = ['gap', 'test']

/** @throws UsageError for a name that nobody configured or journaled; ProtocolLoadError where a protocol might have it */
export async function assertNames(config: LoadedConfig, given: GivenNames): Promise<void> {
  const { endpoint, notifications = [], notificationOption = '--notification' } = given
  if (endpoint !== undefined) await assertEndpoint(config, endpoint)
  for (const notification of notifications) await assertNotification(config, notificationOption, notification)
}

async function assertEndpoint(config: LoadedConfig, given: string): Promise<void> {
  const configured = config.endpoints.map(({ name }) => name)
  if (configured.includes(given)) return
  const known = await ofJournal(config, (journal) => journaledEndpoints(journal.db))
  assertKnown('--endpoint', given, [...configured, ...(known ?? [])])
}

async function assertNotification(config: LoadedConfig, option: string, given: string): Promise<void> {
  const known: string[] = [...notificationNames, ...ownNotifications]
  if (known.includes(given)) return
  if (await ofJournal(config, (journal) => isJournaledNotification(journal.db, given))) return
  // One of a user's protocols, which has sent nothing yet: its class's name is the notification's.
  known.push(...(await protocolNames(config)))
  if (known.includes(given)) return
  known.push(...((await ofJournal(config, (journal) => journaledNotifications(journal.db))) ?? []))
  assertKnown(option, given, known)
}

/**
 * @param option as the operator typed it, like `--endpoint`
 * @throws UsageError, naming the nearest of the known ones and all of them
 */
export function assertKnown(option: string, given: string, known: Iterable<string>): void {
  const names = [...new Set(known)]
  if (names.includes(given)) return
  const near = nearest(given, names)
  const hint = near === null ? '' : `did you mean ${near}? `
  const all = names.length === 0 ? 'there is none' : `there is ${names.join(', ')}`
  throw new UsageError(`${option} ${given}: nobody configured it and the journal has none; ${hint}${all}`)
}

/** Null: there is no journal yet. */
async function ofJournal<T>(config: LoadedConfig, read: (journal: Journal) => Promise<T>): Promise<T | null> {
  return isThere(config.journal.url) ? readJournal(config.journal.url, read) : null
}

async function protocolNames(config: LoadedConfig): Promise<readonly string[]> {
  if (config.protocols.length === 0) return []
  // Loaded for a name that is neither configured nor journaled alone: the start of a command would pay for it.
  const [{ Compute }, { createLog }] = await Promise.all([import('./compute/compute.js'), import('./base/log.js')])
  const compute = await Compute.load({
    noteStates: new Map(),
    endpoints: [],
    files: config.protocols,
    settings: config.settings,
    timeoutMs: config.protocol_timeout_ms,
    log: createLog({ level: 'silent' }),
    appointments: async () => new Map(),
  })
  await compute.close()
  return compute.protocols.map(({ name }) => name)
}
