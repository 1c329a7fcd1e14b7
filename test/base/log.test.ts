// The log as somebody reads it who started the daemon: from the stdout of another process.
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'

const module = new URL('../../src/base/log.ts', import.meta.url).href

/** What a process writes that makes a log with these options, calls it so, and is killed at once. */
function stdoutOf(options: object, calls: string): string {
  const script = `import { createLog } from ${JSON.stringify(module)}
    const log = createLog(${JSON.stringify(options)}); ${calls}; process.kill(process.pid, 'SIGKILL')`
  const args = ['--import', 'tsx', '--input-type=module', '--eval', script]
  return spawnSync(process.execPath, args, { env: { PATH: process.env['PATH'] ?? '' }, encoding: 'utf8' }).stdout
}

describe('the log', () => {
  test('is one JSON object a line, where stdout is no terminal, and whole when the process is killed', () => {
    const calls = `log.debug('unseen'); log.info({ lsn: '0/16B3748', sequence: 41 }, 'notification delivered'); log.error('two\\nlines')`
    const text = stdoutOf({ level: 'info' }, calls)
    expect(text.endsWith('\n')).toBe(true)
    const lines: unknown[] = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toEqual([
      { level: 'info', time: expect.any(Number), lsn: '0/16B3748', sequence: 41, msg: 'notification delivered' },
      { level: 'error', time: expect.any(Number), msg: 'two\nlines' },
    ])
  })

  test('is readable where it is asked to be', () => {
    const text = stdoutOf({ level: 'info', readable: true }, `log.info({ lsn: '0/1' }, 'streaming')`)
    expect(text).toContain('streaming')
    expect(text).toContain('0/1')
    expect(text.startsWith('{')).toBe(false)
  })
})
