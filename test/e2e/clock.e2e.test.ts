// The clock of the whole process is set back, by libfaketime, while appointments wait for their retries: each comes when its step
// of the schedule has passed, in the same daemon and in one that is started behind that.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { accept, answer } from '../../testbed/behaviour.js'
import { Clinic } from '../../testbed/clinic.js'
import { fakedClock, setFakedClock } from '../../testbed/faked-clock.js'
import { openSite, path } from '../support/site.js'

const hour = 3_600_000
const stepMs = 2_000

test('a wait that was computed before the clock was set back ends with its step, across a restart too', async () => {
  await using site = await openSite({ endpoint: { retry_seconds: [stepMs / 1000] } })
  const { receiver } = site
  const clock = join(site.home.path, 'clock')
  setFakedClock(clock, 0)
  const clinic = new Clinic(site.client)
  const start = async () => {
    const daemon = site.spawn(['run'], fakedClock(clock))
    await daemon.line('streaming')
    return daemon
  }
  /** An appointment is refused once; what is done then; when it comes again. */
  const refusedThen = async (act: () => Promise<unknown>) => {
    const before = receiver.posts.length
    receiver.program(path, [answer(404), accept])
    await clinic.book({ patient: null })
    await receiver.until(({ posts }) => posts.length === before + 1)
    await act()
    await receiver.until(({ delivered }) => delivered.length === before / 2 + 1, 20_000)
    const [first, second] = receiver.posts.slice(before)
    return Number(second?.arrivedAt) - Number(first?.arrivedAt)
  }
  const first = await start()
  const running = await refusedThen(async () => {
    // What is in the log is in the journal.
    await first.line('notification failed')
    setFakedClock(clock, -hour)
  })
  const failures = first.lines.length
  const restarted = await refusedThen(async () => {
    await first.line('notification failed', 20_000, failures)
    await first.stop('SIGKILL')
    setFakedClock(clock, -3 * hour)
    await start()
  })
  // Not sooner than its step, of which the schedule takes 20 % off or adds them.
  expect([running >= stepMs * 0.8, restarted >= stepMs * 0.8]).toEqual([true, true])
  // A signature of an hour ago is none to the receiver: its clock was not set.
  expect(receiver.faults.filter(({ tag }) => tag !== 'signature')).toEqual([])
})
