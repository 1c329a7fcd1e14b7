// `npm run demo`: a real PostgreSQL, a clinic at work in it, the built daemon and a receiver. The six notifications arrive on
// screen; then a few seconds of ordinary work, a table, and everything that was started is stopped. `-- --keep` goes on.
import { setTimeout as sleep } from 'node:timers/promises'
import { Clinic } from '../testbed/clinic.js'
import { act } from '../testbed/clinic-work.js'
import { makeHome, spawnNotifyd } from '../testbed/daemon.js'
import { UndoStack } from '../testbed/undo-stack.js'
import { postLine, summary } from './screen.js'
import { setTheStage } from './stage.js'
import { isScheduling, tell } from './story.js'

const keep = process.argv.includes('--keep')
const workMs = 8_000
const say = (text = '') => process.stdout.write(`${text}\n`)

const interrupted = new AbortController()
process.once('SIGINT', () => interrupted.abort())
process.once('SIGTERM', () => interrupted.abort())

async function demo(signal: AbortSignal): Promise<void> {
  await using ends = new UndoStack()
  say('Starting a PostgreSQL 18 of its own, with a clinic’s tables, and a receiver …')
  const stage = ends.use(await setTheStage())
  const home = ends.use(await makeHome(stage.config))
  say('Starting the daemon: node dist/cli.js run')
  const daemon = ends.use(spawnNotifyd(home))
  // Last in, first out: the daemon is told to stop before anything that it needs goes away.
  ends.defer(() => daemon.stop('SIGTERM'))
  const streaming = await Promise.race([daemon.line('streaming'), aborted(signal)])
  if (streaming === null) return
  say(`Streaming from slot ${String(streaming['slot'])} at ${String(streaming['lsn'])}.`)
  say()

  const clinic = new Clinic(stage.client, { seed: 42 })
  const scenes = tell(stage, clinic)
  for (;;) {
    const scene = await Promise.race([scenes.next(), aborted(signal)])
    if (scene === null) return
    if (scene.done) break
    say(scene.value.act)
    for (const post of scene.value.posts) say(postLine(post))
  }
  say()
  say(keep ? 'The clinic goes on working until Ctrl-C …' : `The clinic works for ${workMs / 1000} s …`)
  const started = performance.now()
  let due = stage.receiver.delivered.filter(isScheduling).length
  let printed = stage.receiver.posts.length
  while (!signal.aborted && (keep || performance.now() - started < workMs)) {
    if ((await act(clinic)) !== null) due += 1
    await sleep(15, undefined, { signal }).catch(() => undefined)
    for (let post = stage.receiver.posts[printed]; keep && post?.answered; post = stage.receiver.posts[printed]) {
      say(postLine(post))
      printed += 1
    }
  }
  // Ctrl-C reaches the daemon too, which ends by itself: what it still owes stays in its journal.
  let changes: number | null = null
  if (!signal.aborted) {
    await stage.receiver.until((receiver) => receiver.delivered.filter(isScheduling).length >= due)
    changes = await journaledChanges(Number((await daemon.line('status server listening'))['port']))
  }
  say()
  say(summary({ posts: stage.receiver.posts, faults: stage.receiver.faults.length, due, changes }))
  const { status } = await daemon.stop('SIGTERM')
  if (status !== 0) throw new Error(`the daemon ended with status ${status}: ${daemon.stderr}`)
  if (stage.receiver.faults.length > 0) throw new Error('the receiver found faults in what it got')
}

/** How many changes the daemon journaled, by its own account. */
async function journaledChanges(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const values = [...text.matchAll(/^notifyd_changes_total\{.*\} (\d+)$/gm)].map((match) => Number(match[1]))
  return values.reduce((sum, value) => sum + value, 0)
}

const aborted = (signal: AbortSignal): Promise<null> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(null), { once: true }))

try {
  await demo(interrupted.signal)
  say('Everything that was started is stopped.')
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
