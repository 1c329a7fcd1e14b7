// Prometheus metrics: facts about changes, attempts and positions, in base units. No label grows with the data, none
// holds anything of a patient.
// https://prometheus.io/docs/practices/naming/
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { DaemonState } from './state.js'

/** What is owed and dead for one endpoint, counted when a scrape asks. */
export interface EndpointCounts {
  readonly endpoint: string
  readonly owed: number
  readonly dead: number
}

export class Metrics {
  readonly #registry = new Registry()
  readonly changes = this.#counter('notifyd_changes_total', 'Row changes journaled', ['model'])
  readonly notifications = this.#counter('notifyd_notifications_total', 'Notifications owed', ['notification'])
  readonly attempts = this.#counter('notifyd_attempts_total', 'POSTs by what came of them', ['endpoint', 'outcome'])
  readonly reconnects = this.#counter('notifyd_reconnects_total', 'Ends of the stream by SQLSTATE or code', ['code'])
  readonly protocolFailures = this.#counter('notifyd_protocol_failures_total', 'Failed computes', ['protocol'])
  readonly delivered = new Histogram({
    name: 'notifyd_commit_to_delivery_seconds',
    help: 'From the commit in PostgreSQL to the 2xx',
    labelNames: ['endpoint'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600, 3600],
    registers: [this.#registry],
  })

  constructor(state: DaemonState, counts: () => readonly EndpointCounts[]) {
    // A look at the event loop every 10 ms, the default, would be most of what an idle daemon costs.
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: 250 })
    this.#gauge('notifyd_streaming', '1 while the replication stream is up', () =>
      state.phase === 'streaming' ? 1 : 0,
    )
    this.#gauge('notifyd_lag_bytes', 'WAL received and not yet durable in the journal', () => {
      const { receivedLsn, durableLsn } = state.positions()
      return receivedLsn > durableLsn ? Number(receivedLsn - durableLsn) : 0
    })
    for (const kind of ['owed', 'dead'] as const) {
      const gauge: Gauge<'endpoint'> = new Gauge({
        name: `notifyd_${kind}_deliveries`,
        help: kind === 'owed' ? 'Deliveries not yet made' : 'Dead letters',
        labelNames: ['endpoint'],
        registers: [this.#registry],
        collect: () => {
          gauge.reset()
          for (const row of counts()) gauge.set({ endpoint: row.endpoint }, row[kind])
        },
      })
    }
  }

  /** The exposition text and its content type. */
  async render(): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() }
  }

  #counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] })
  }

  #gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({ name, help, registers: [this.#registry], collect: () => gauge.set(read()) })
  }
}
