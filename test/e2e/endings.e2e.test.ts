// How the daemon's log ends, whatever ends the process: the last line is JSON where the log is, and a signal that comes before
// the program is loaded ends it as any other would.
import { expect, test } from 'vitest'
import { makeHome, spawnNotifyd } from '../../testbed/daemon.js'
import { small } from '../support/config.js'

const importing = (script: string) => ({ NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(script)}` })

/** Once the program listens for what nobody caught. */
const thrower = `
  setInterval(() => { if (process.listenerCount('uncaughtException') > 0) throw new Error(['Ada', 'Byron'].join(' ')) }, 1)`

/** A signal in the moment in which the program itself is looked for: nearly all of it is loaded behind that. */
const hook = `
  let isSent = false
  export async function resolve(specifier, context, next) {
    const isProgram = /chunks.main-/.test(specifier)
    if (isProgram && !isSent) process.kill(process.pid, 'SIGTERM')
    isSent ||= isProgram
    return next(specifier, context)
  }`
const signaller = `
  import { register } from 'node:module'
  register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}))`

test.each([
  ['a config that is wrong', { ...small, endpoints: 1 }, [], {}, 2, 'CONFIG', 'endpoints'],
  ['bad usage', small, ['--bogus'], {}, 2, 'USAGE', 'bogus'],
  ['what nobody caught', small, [], importing(thrower), 1, 'BUG', 'nobody caught this'],
] as const)('%s: the last line is JSON and says why', async (_, config, more, env, status, code, reason) => {
  await using home = await makeHome(config)
  const daemon = spawnNotifyd(home, ['run', ...more], env)
  expect(await daemon.exited).toEqual({ status, signal: null })
  const last = JSON.parse(daemon.stdout.trimEnd().split('\n').at(-1) ?? '')
  expect(last).toMatchObject({ level: 'fatal', code, exit_status: status, msg: 'ended' })
  expect(last.reason).toContain(reason)
  expect(last.time).toBeGreaterThan(1e12)
  expect(daemon.stderr).toContain(reason)
  expect(daemon.stdout + daemon.stderr).not.toContain('Ada Byron')
})

test('SIGTERM while the program is loading ends it with 0', async () => {
  await using home = await makeHome(small)
  const daemon = spawnNotifyd(home, ['run'], importing(signaller))
  expect(await daemon.exited).toEqual({ status: 0, signal: null })
  expect(daemon.lines.map(({ msg }) => msg)).toEqual(['stopped'])
})
