// A Compute with users' protocols in the built thread, for tests: its log kept, its changes made from parts.
import { resolve } from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { Compute, type ComputeOptions } from '../../src/compute/compute.js'
import { type ChangeParts, change, source } from './changes.js'

const fixture = (name: string) => resolve(fileURLToPath(new URL('./fixtures/', import.meta.url)), name)
const opened: Compute[] = []

/** For `afterEach`: ends the threads. */
export async function closeAll(): Promise<void> {
  for (const compute of opened.splice(0)) await compute.close()
}

/** @param files names of fixtures, or absolute paths */
export async function load(files: readonly string[], options: Partial<ComputeOptions> = {}) {
  const lines: string[] = []
  const log = pino(
    { level: 'trace' },
    new Writable({
      write: (line, _, done) => {
        lines.push(String(line))
        done()
      },
    }),
  )
  const compute = await Compute.load({
    noteStates: new Map(),
    endpoints: [{ name: 'desk', notifications: new Set() }],
    files: files.map(fixture),
    settings: { ward: 'b2' },
    timeoutMs: 300,
    log,
    appointments: async () => new Map(),
    ...options,
  })
  opened.push(compute)
  /** The user's outcome of each change. */
  const run = async (...changes: ChangeParts[]) => {
    const computed = await compute.compute(
      changes.map((parts, ordinal) => change({ ordinal, ...parts })),
      source,
    )
    return computed.map(({ outcomes, notifications }) => ({ outcome: outcomes.at(-1), notifications }))
  }
  return { compute, run, lines }
}
