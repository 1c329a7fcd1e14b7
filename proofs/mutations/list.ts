// One line broken at a time: each of these would lose, repeat or misorder something, and each has a test that notices.

export interface Mutation {
  readonly name: string
  readonly file: string
  /** Stands in the file exactly once. */
  readonly from: string
  readonly to: string
  /** Filters of vitest; those of the built daemon say e2e. */
  readonly tests: string
}

export const mutations: readonly Mutation[] = [
  {
    name: 'acknowledges the end LSN + 1',
    file: 'src/capture/acknowledgement.ts',
    from: '    return this.#durable\n  }',
    to: '    return (this.#durable + 1n) as Lsn\n  }',
    tests: 'test/capture/acknowledgement test/capture/capture.pg',
  },
  {
    name: 'acknowledges a keepalive while a transaction is open',
    file: 'src/capture/acknowledgement.ts',
    from: 'if (input.transactionOpen || !input.drained',
    to: 'if (!input.drained',
    tests: 'test/capture/acknowledgement',
  },
  {
    name: 'acknowledges a keepalive before what came earlier is in the journal',
    file: 'src/capture/acknowledgement.ts',
    from: 'if (input.transactionOpen || !input.drained',
    to: 'if (input.transactionOpen',
    tests: 'test/capture/acknowledgement',
  },
  {
    name: 'acknowledges backwards',
    file: 'src/capture/acknowledgement.ts',
    from: 'this.#durable = maxLsn(this.#durable, lsn)',
    to: 'this.#durable = lsn',
    tests: 'test/capture/acknowledgement',
  },
  {
    name: 'acknowledges before the append',
    file: 'src/pipeline.ts',
    from: "  failpoint('before append')\n",
    to: "  if (durableLsn !== null) capture.acknowledge(durableLsn)\n  failpoint('before append')\n",
    tests: 'test/e2e/crash.e2e',
  },
  {
    name: 'sends the next of a lane before the first has settled',
    file: 'src/send/lanes.ts',
    from: '    lane.isOpen = true\n    return lane.queue[0] ?? null',
    to: '    if (lane.queue.length > 1) this.#ready.push(name ?? "")\n    return lane.queue.shift() ?? null',
    tests: 'test/send/delivery-window test/send/deliver.test',
  },
  {
    name: 'lets a lane go on while its first waits for a retry',
    file: 'src/journal/deliveries.ts',
    from: '     AND NOT EXISTS (SELECT 1 FROM lane_wait w WHERE w.endpoint = d.endpoint AND w.lane = d.lane)\n',
    to: '',
    tests: 'test/journal/journal test/send/deliver.test',
  },
  {
    name: 'leaves the ordinal out of the idempotency key',
    file: 'migrations/journal/sqlite/001-journal.sql',
    from: '  UNIQUE (source_id, commit_lsn, ordinal)',
    to: '  UNIQUE (source_id, commit_lsn)',
    tests: 'test/journal/journal',
  },
  {
    name: 'leaves the history out of the idempotency key',
    file: 'migrations/journal/sqlite/001-journal.sql',
    from: '  UNIQUE (source_id, commit_lsn, ordinal)',
    to: '  UNIQUE (commit_lsn, ordinal)',
    tests: 'test/journal/journal',
  },
  {
    name: 'leaves the ordinal out of the webhook id',
    file: 'src/compute/webhook-id.ts',
    from: 'String(commitLsn), ordinal, protocol',
    to: 'String(commitLsn), protocol',
    tests: 'test/compute/webhook-id',
  },
  {
    name: 'writes the checkpoint in a transaction of its own, before the changes',
    file: 'src/journal/journal.ts',
    from: '    return this.#commits.write(() => append(this.#sqlite, batch))',
    to: `    this.#sqlite.run('UPDATE checkpoint SET durable_lsn = coalesce(?, durable_lsn)', [batch.durableLsn])
    return this.#commits.write(() => append(this.#sqlite, batch))`,
    tests: 'test/journal/journal',
  },
  {
    name: 'counts ordinals only of wanted tables',
    file: 'src/capture/transaction.ts',
    from: '    if (!this.options.isWanted(change.relation)) return\n    const open = this.#current()\n',
    to: '    const open = this.#current()\n    if (!this.options.isWanted(change.relation)) {\n      open.ordinal -= 1\n      return\n    }\n',
    tests: 'test/capture/transaction',
  },
  {
    name: 'takes the commit of a piece for the end of its transaction',
    file: 'src/capture/transaction.ts',
    from: '    return { commitLsn, committedAt, changes, rows, endLsn: null }',
    to: '    return { commitLsn, committedAt, changes, rows, endLsn: commitLsn }',
    tests: 'test/capture/transaction test/capture/capture.pg',
  },
  {
    name: 'starts behind the position that the slot has confirmed',
    file: 'src/capture/slot.ts',
    from: 'from: found.confirmedFlush ?? known.durableLsn, until:',
    to: 'from: (known.durableLsn + 1n) as Lsn, until:',
    tests: 'test/capture/slot.test',
  },
  {
    name: 'takes a higher timeline for a promotion always',
    file: 'src/capture/slot.ts',
    from: 'if (segment === null || (segment.ended !== null && segment.ended < known.durableLsn)) {',
    to: 'if (segment === null) {',
    tests: 'test/capture/slot.test',
  },
  {
    name: 'holds a 302 to be a success',
    file: 'src/send/retry-policy.ts',
    from: 'status >= 200 && status < 300',
    to: 'status >= 200 && status < 400',
    tests: 'test/send/retry-policy test/send/post',
  },
  {
    name: 'gives a sequence number twice after a crash between appends',
    file: 'src/journal/append.ts',
    from: '  sequences.write()\n',
    to: '',
    tests: 'test/journal/journal',
  },
  {
    name: 'resolves a state change from appointments that come later in other transactions',
    file: 'src/change/resolve.ts',
    from: 'changes[at]?.commitLsn === commitLsn; at += 1',
    to: 'at < changes.length; at += 1',
    tests: 'test/change/resolve',
  },
  {
    name: 'forgets what is owed when it prunes',
    file: 'src/journal/retention.ts',
    from: "(state IN ('owed', 'dead') OR settled_at >= ?)",
    to: "(state IN ('dead') OR settled_at >= ?)",
    tests: 'test/journal/journal',
  },
  {
    name: 'dials a private address',
    file: 'src/send/post.ts',
    from: '      if (reason !== null) {',
    to: '      if (reason === "never") {',
    tests: 'test/send/post',
  },
  {
    name: 'sends a replay into a lane that has a live delivery',
    file: 'src/send/lanes.ts',
    from: '    if (this.#lanes.has(name)) return false\n',
    to: '',
    tests: 'test/send/delivery-window',
  },
  {
    name: 'trusts the system’s authorities where ca_file is empty',
    file: 'src/tls-files.ts',
    from: '  if (found.length === 0) return',
    to: '  if (found.length < 0) return',
    tests: 'test/tls-files',
  },
  {
    name: 'lets the environment turn off the verification of an endpoint’s certificate',
    file: 'src/send/post.ts',
    from: '{ ...endpoint.tls, ...verified }',
    to: '{ ...endpoint.tls }',
    tests: 'test/send/tls',
  },
  {
    name: 'lets the environment turn off the verification of the database’s certificate',
    file: 'src/capture/connection.ts',
    from: '{ rejectUnauthorized: true, ...ssl }',
    to: '{ ...ssl }',
    tests: 'test/capture/connection.test',
  },
  {
    name: 'prints what an unforeseen error quotes',
    file: 'src/defect.ts',
    from: '.slice(from + message.length)',
    to: '.slice(0)',
    tests: 'test/defect',
  },
  {
    name: 'cuts the requests that are open when the config is read again',
    file: 'src/send/exchange.ts',
    from: 'old.finish()',
    to: 'old.close()',
    tests: 'test/e2e/reload',
  },
]
