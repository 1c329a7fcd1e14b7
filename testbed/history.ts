// What happens to a server's history: a promotion, a backup put back. In: a server that is stopped; what was done shows at
// its next start.
import { execFile } from 'node:child_process'
import { appendFile, chown, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestPostgres } from './postgres.js'

/** It ends a recovery when it starts, and so begins a new timeline at the end of its WAL. Its slots stay. */
export async function promote({ dataDir }: TestPostgres): Promise<void> {
  const { uid, gid } = await stat(dataDir)
  const signal = join(dataDir, 'recovery.signal')
  await writeFile(signal, '')
  await chown(signal, uid, gid)
  await appendFile(join(dataDir, 'postgresql.conf'), "\nrestore_command = 'false'\n")
}

/** A copy of its data, which `putBack` makes its data again. */
export async function backUp({ dataDir }: TestPostgres): Promise<void> {
  await promisify(execFile)('cp', ['-a', dataDir, `${dataDir}.backup`])
}

export async function putBack({ dataDir }: TestPostgres): Promise<void> {
  await rm(dataDir, { recursive: true })
  await rename(`${dataDir}.backup`, dataDir)
}
