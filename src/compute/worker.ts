// The protocols' thread: loads the users' files, then runs what it is given, in order, one at a time. The daemon's thread
// watches `progress` and ends this thread when a run takes too long.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { ProtocolLoadError } from '../base/errors.js'
import type { ProtocolLog } from './protocol.js'
import { loadProtocols, type Protocol } from './registry.js'
import { runProtocol } from './run-protocol.js'
import type { FromWorker, Run, ToWorker, WorkerOptions } from './worker-messages.js'

const port = parentPort
if (port === null) throw new Error('worker.js is the protocols’ thread: it is started by the daemon')
const options = workerData as WorkerOptions
const progress = new Int32Array(options.progress)
const say = (message: FromWorker): void => port.postMessage(message)

const logOf = (run: Run): ProtocolLog => {
  const line = (level: 'info' | 'warn' | 'error') => (message: string) =>
    say({ tag: 'log', level, protocol: run.protocol, lsn: run.change.lsn, message: String(message) })
  return { info: line('info'), warn: line('warn'), error: line('error') }
}

async function runAll(protocols: ReadonlyMap<string, Protocol>, { runs, endpoints: names }: ToWorker): Promise<void> {
  const endpoints = new Set(names)
  for (const [index, run] of runs.entries()) {
    const protocol = protocols.get(run.protocol)
    if (protocol === undefined) throw new Error(`no protocol ${run.protocol} is loaded`)
    Atomics.store(progress, 0, index)
    const result = await runProtocol(protocol, run, { endpoints, settings: options.settings, log: logOf(run) })
    // A rejection that the run left behind ends the thread now, while it is this run's, and not in the next one's.
    await nextTurn()
    say({ tag: 'ran', result })
  }
  Atomics.store(progress, 0, -1)
}

try {
  const protocols = await loadProtocols(options.files)
  port.on('message', (asked: ToWorker) => void runAll(protocols, asked))
  const loaded = [...protocols.values()].map(({ construct: _, ...known }) => known)
  say({ tag: 'loaded', protocols: loaded })
} catch (error) {
  if (!(error instanceof ProtocolLoadError)) throw error
  say({ tag: 'load failed', file: error.file, message: error.message.slice(error.file.length + 2) })
}
