// The daemon's stream without its process: what `notifyd run` follows with, on a real PostgreSQL and a real journal, with what
// became owed noted instead of sent. For tests of many lives, each of which is over in a moment.
import { StreamError } from '../../src/base/errors.js'
import { createLog } from '../../src/base/log.js'
import { toldFromLastImages } from '../../src/change/last-image.js'
import { toldFromLastStates } from '../../src/change/last-state.js'
import { Resolver } from '../../src/change/resolve.js'
import { loadConfig } from '../../src/config.js'
import { follow } from '../../src/follow.js'
import type { Gap } from '../../src/journal/gaps.js'
import { Journal } from '../../src/journal/journal.js'
import { loadCompute } from '../../src/load-compute.js'
import { openClinical } from '../../src/open-clinical.js'
import { readSettings } from '../../src/settings.js'
import { type DaemonHome, makeHome } from '../../testbed/daemon.js'

export interface Life {
  /** It is told to stop when so many notifications were told, in all lives together. Default: at once when it streams. */
  readonly until?: number
  /** Instead, it ends as by SIGKILL at the n-th append of this life that holds changes, without acknowledging that one. */
  readonly dies?: { readonly at: 'before append' | 'after append'; readonly nth: number }
}

export class Follower implements AsyncDisposable {
  /** What became owed, in order. */
  readonly told: { readonly webhookId: string; readonly appointment: string | null; readonly notification: string }[] =
    []

  private constructor(private readonly home: DaemonHome) {}

  /** @param database its URL, slot and publication, as in the config */
  static async open(database: Readonly<Record<string, string>>): Promise<Follower> {
    const endpoints = [{ name: 'scheduling', url: 'http://127.0.0.1:9/' }]
    return new Follower(await makeHome({ database, endpoints }))
  }

  get journalFile(): string {
    return this.home.journalFile
  }

  /** Distinct ids, and distinct appointments: as many, where nothing was told twice. */
  get counts(): { readonly ids: number; readonly appointments: number } {
    const distinct = (values: readonly (string | null)[]) => new Set(values).size
    return {
      ids: distinct(this.told.map(({ webhookId }) => webhookId)),
      appointments: distinct(this.told.map(({ appointment }) => appointment)),
    }
  }

  /** One life, from opening the journal to its end. @throws what a daemon ends with: GapError, or a lost connection */
  async live({ until = 0, dies }: Life = {}): Promise<void> {
    const config = await loadConfig(this.home.configFile)
    const settings = await readSettings(config)
    const log = createLog({ level: 'silent' })
    const stop = new AbortController()
    const { signal } = stop
    const journal = await Journal.open(config.journal.url)
    const clinical = openClinical(settings, log)
    const compute = await loadCompute({ config, settings, clinical, log, signal })
    const resolver = new Resolver(journal.images, clinical)
    let appends = 0
    const die = (at: string, nth: number) => {
      if (dies?.at === at && dies.nth === nth) throw new Death()
    }
    const stopIfDone = () => {
      if (dies === undefined && this.told.length >= until) stop.abort()
    }
    try {
      await follow({
        address: settings.address,
        slot: config.database.slot,
        publication: config.database.publication,
        tables: settings.tables,
        models: settings.followed,
        gapNotices: [],
        journal,
        log,
        signal,
        tryResolution: () => clinical.lookup([], [], 1),
        resolve: async (changes) => {
          const resolved = await resolver.resolve(toldFromLastImages(changes, journal.images, 'UTC'))
          return toldFromLastStates(resolved, journal.states, settings.noteStates)
        },
        compute: (changes, source) => {
          if (changes.length > 0) die('before append', appends + 1)
          return compute.compute(changes, source)
        },
        appended: (changes, owed) => {
          if (changes.length > 0) appends += 1
          for (const { webhookId, appointmentExternalId: appointment, notification } of owed.get('scheduling') ?? [])
            this.told.push({ webhookId, appointment, notification })
          if (changes.length > 0) die('after append', appends)
          stopIfDone()
        },
        giveWay: () => Promise.resolve(),
        streaming: stopIfDone,
        looked: () => undefined,
        sawTables: () => undefined,
      })
    } catch (error) {
      if (!(error instanceof Death)) throw error
    } finally {
      journal.close()
      await compute.close()
      await clinical.close()
    }
  }

  gaps(): Promise<readonly Gap[]> {
    return this.#withJournal(async (journal) => journal.gaps())
  }

  acceptGaps(): Promise<number> {
    return this.#withJournal((journal) => journal.acceptGaps())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.home[Symbol.asyncDispose]()
  }

  async #withJournal<T>(work: (journal: Journal) => Promise<T>): Promise<T> {
    const journal = await Journal.open(this.journalFile)
    try {
      return await work(journal)
    } finally {
      journal.close()
    }
  }
}

class Death extends StreamError {
  constructor() {
    super('ENDED', 'the test ends this life here')
  }
}
