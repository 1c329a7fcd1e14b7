// The systemd unit: what it must say, and systemd's own opinion of it where systemd is installed.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const text = readFileSync(new URL('../../deploy/notifyd.service', import.meta.url), 'utf8')
const settings = (name: string) => [...text.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value]) => value)

interface Ended {
  readonly code: string | number
  readonly output: string
}

const run = (file: string, args: readonly string[]) =>
  new Promise<Ended>((resolve) => {
    execFile(file, args, (error, stdout, stderr) => resolve({ code: error?.code ?? 0, output: stdout + stderr }))
  })

test('it does not start again where a start mends nothing, and gives open attempts their time', () => {
  expect(settings('RestartPreventExitStatus')).toEqual(['2 4'])
  expect(settings('Restart')).toEqual(['always'])
  expect(Number(settings('TimeoutStopSec')[0])).toBeGreaterThan(10)
  expect(settings('ExecReload')).toEqual(['/bin/kill -HUP $MAINPID'])
  expect(settings('User')).toEqual(['notifyd'])
  expect(settings('CapabilityBoundingSet')).toEqual([''])
})

/** Where systemd-analyze is missing there is nobody to ask: then the rows above are all that is known. */
test('systemd takes it, and finds it well shut', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'notifyd-unit-'))
  try {
    const unit = join(folder, 'notifyd.service')
    // The program has to be there to be verified.
    await writeFile(unit, text.replace('/usr/bin/node', process.execPath))
    const verified = await run('systemd-analyze', ['verify', unit])
    if (verified.code === 'ENOENT') return
    expect(verified.code, verified.output).toBe(0)
    expect(verified.output).not.toContain('notifyd')
    const judged = await run('systemd-analyze', ['security', '--offline=true', '--threshold=20', unit])
    expect(judged.code, judged.output).toBe(0)
  } finally {
    await rm(folder, { recursive: true })
  }
})
