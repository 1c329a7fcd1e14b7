// Prometheus metrics: facts about changes, attempts and positions, in base units. Counted as they happen here, a counter's
// increment each; what is measured when a scrape asks is in gauges.ts. No label grows with the data, none holds anything of a
// patient.
// https://prometheus.io/docs/practices/naming/
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import type { ComputedChange } from '../compute/computed-change.js'
import type { Attempt, Delivery, Settlement } from '../journal/delivery.js'
import { EndpointLabels } from './endpoint-labels.js'
import { addGauges, type GaugeSources } from './gauges.js'

export interface MetricsOptions extends GaugeSources {
  /** Names of the configured ones. */
  readonly endpoints: readonly string[]
  /** That are followed. */
  readonly models: readonly string[]
}

/** Half a millisecond on loopback to hours of retries. */
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15]
const longBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600, 3600, 21_600, 86_400]

export class Metrics {
  readonly #registry = new Registry()
  readonly #changes = this.#counter('notifyd_changes_total', 'Row changes journaled', ['model'])
  readonly #notifications = this.#counter('notifyd_notifications_total', 'Notifications owed', ['notification'])
  readonly #attempts = this.#counter('notifyd_attempts_total', 'POSTs by what came of them', ['endpoint', 'outcome'])
  readonly #dead = this.#counter('notifyd_dead_letters_total', 'Deliveries that became dead letters', ['endpoint'])
  readonly #reconnects = this.#counter('notifyd_reconnects_total', 'Ends of the stream by SQLSTATE or code', ['code'])
  readonly #failures = this.#counter('notifyd_protocol_failures_total', 'Failed computes', ['protocol'])
  readonly #alone = this.#counter(
    'notifyd_changes_without_old_row_total',
    'Changes that came without their old row, by what they were told from',
    ['told_from'],
  )
  readonly #delivered = this.#histogram(
    'notifyd_commit_to_delivery_seconds',
    'From the commit in PostgreSQL to the 2xx',
    longBuckets,
  )
  readonly #duration = this.#histogram('notifyd_attempt_duration_seconds', 'Of one POST, however it ended', buckets)
  readonly #labels: EndpointLabels
  readonly #measure: () => Promise<void>

  constructor(options: MetricsOptions) {
    // A look at the event loop every 10 ms, the default, would be most of what an idle daemon costs.
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: 1_000 })
    this.#labels = new EndpointLabels(options.endpoints)
    this.#measure = addGauges(this.#registry, options, this.#labels)
    // From 0, so that the first increase of each is seen as one.
    for (const model of options.models) this.#changes.inc({ model }, 0)
    for (const told_from of ['image', 'nothing']) this.#alone.inc({ told_from }, 0)
    this.configure(options.endpoints)
  }

  /** Names of the endpoints that are configured from now on. */
  configure(endpoints: readonly string[]): void {
    this.#labels.configure(endpoints)
    for (const endpoint of endpoints) {
      this.#dead.inc({ endpoint }, 0)
      for (const outcome of outcomes) this.#attempts.inc({ endpoint, outcome }, 0)
    }
  }

  /** A change is in the journal, with what it owes. */
  appended({ fieldChanges, notifications, outcomes, withoutOldImage, oldRowFrom }: ComputedChange): void {
    this.#changes.inc({ model: fieldChanges.model_name })
    if (withoutOldImage) this.#alone.inc({ told_from: oldRowFrom ?? 'nothing' })
    for (const { notification } of notifications) this.#notifications.inc({ notification })
    for (const { tag, protocol } of outcomes) if (tag === 'failed') this.#failures.inc({ protocol })
  }

  /** An attempt's outcome is in the journal. */
  settled({ endpoint: name, committedAt }: Delivery, attempt: Attempt, outcome: Settlement['tag']): void {
    const endpoint = this.#labels.of(name)
    const { startedAt, durationMs } = attempt
    this.#attempts.inc({ endpoint, outcome })
    this.#duration.observe({ endpoint }, durationMs / 1000)
    if (outcome === 'dead') this.#dead.inc({ endpoint })
    if (outcome !== 'delivered' || committedAt === null) return
    this.#delivered.observe({ endpoint }, Math.max(0, (startedAt + durationMs) / 1000 - committedAt / 1_000_000))
  }

  /** The stream ended, or none came about. @param code SQLSTATE or system code */
  reconnected(code: string): void {
    this.#reconnects.inc({ code })
  }

  /** The exposition text and its content type. */
  async render(): Promise<{ readonly contentType: string; readonly text: string }> {
    await this.#measure()
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() }
  }

  #counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] })
  }

  #histogram(name: string, help: string, bounds: number[]): Histogram<'endpoint'> {
    return new Histogram({ name, help, labelNames: ['endpoint'], buckets: bounds, registers: [this.#registry] })
  }
}

const outcomes = ['delivered', 'retry', 'dead'] as const satisfies readonly Settlement['tag'][]
