// `ceiling`: the bare POST loop with the daemon's own requests, to the same receiver.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { BenchReceiver, Sample } from './receiver.js'

export interface Ceiling {
  readonly perSecond: number
  readonly cpuMicrosEach: number
}

export async function ceiling(
  receiver: BenchReceiver,
  samples: readonly Sample[],
  count: number,
  concurrency: number,
): Promise<Ceiling> {
  const folder = await mkdtemp(join(tmpdir(), 'notifyd-ceiling-'))
  try {
    const file = join(folder, 'samples.json')
    await writeFile(file, JSON.stringify(samples))
    const script = fileURLToPath(new URL('./ceiling-process.ts', import.meta.url))
    const args = ['--import', 'tsx', script, receiver.url(''), file, String(count), String(concurrency)]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    return JSON.parse(stdout) as Ceiling
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
