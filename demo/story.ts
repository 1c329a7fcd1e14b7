// The demo's six acts, told one after another: each is done in the clinic's database, and the notification it owes is
// waited for at the receiver.
import type { Clinic } from '../testbed/clinic.js'
import type { Due } from '../testbed/due.js'
import { type Post, preciseNow } from '../testbed/post.js'
import { frontDeskPath, type Stage, schedulingPath } from './stage.js'

export interface Scene {
  readonly act: string
  readonly posts: readonly Post[]
}

/** Plays the acts; gives each with the POSTs that it caused, as soon as these are there. */
export async function* tell(stage: Stage, clinic: Clinic): AsyncGenerator<Scene> {
  await clinic.admit()
  const first = await clinic.book()
  yield scene(stage, 'A patient books an appointment', first.due)
  yield scene(stage, 'It is moved to another day', await clinic.rescheduleInPlace(first.booking))
  yield scene(stage, 'It is cancelled', await clinic.cancel(first.booking))
  yield scene(stage, 'The cancellation is taken back', await clinic.restore(first.booking))
  yield scene(stage, 'The patient arrives and checks in', await clinic.checkIn(first.booking))
  const second = await clinic.book()
  yield scene(stage, 'Another patient books', second.due)
  yield scene(
    stage,
    'and does not appear (the built-in protocol, and the user’s own)',
    await clinic.miss(second.booking),
    2,
  )
}

async function scene(stage: Stage, act: string, due: Due | null, posts = 1): Promise<Scene> {
  if (due === null) throw new Error(`nothing is due for: ${act}`)
  const since = preciseNow() - 10_000_000
  const isOurs = (post: Post) =>
    post.arrivedAt >= since &&
    (post.path === frontDeskPath ||
      (post.appointmentExternalId === due.appointment_external_id && post.notification === due.notification))
  await stage.receiver.until((receiver) => receiver.delivered.filter(isOurs).length >= posts)
  return { act, posts: stage.receiver.delivered.filter(isOurs) }
}

/** Milliseconds from the commit in PostgreSQL to the receiver's 2xx. */
export function latencyMs(post: Post): number {
  const committedAt = header(post, 'notification-committed-at')
  if (committedAt === null || post.answered === null) return Number.NaN
  const [seconds = '', fraction = ''] = committedAt.slice(0, -1).split('.')
  return (post.answered.at - (Date.parse(`${seconds}Z`) * 1000 + Number(fraction.padEnd(6, '0')))) / 1000
}

export function header(post: Post, name: string): string | null {
  const value = post.headers[name]
  return typeof value === 'string' ? value : null
}

export const isScheduling = (post: Post): boolean => post.path === schedulingPath
