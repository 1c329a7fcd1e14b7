// Named places at which a chaos run ends the process as a power cut would: NOTIFYD_FAILPOINT=`name:n` kills it at the n-th
// time there; `name:1000ms` holds it up each time instead, as a slow disk would. Off, which is always but then, it costs a
// comparison with null.

/** In the order of the walk. */
export const failpoints = [
  'before append',
  'commit',
  'before acknowledge',
  'after acknowledge',
  'before post',
  'before settle',
  'after settle',
] as const

export type Failpoint = (typeof failpoints)[number]

const [armed = null, count = '1'] = process.env['NOTIFYD_FAILPOINT']?.split(':') ?? []
const waitMs = count.endsWith('ms') ? Number.parseInt(count, 10) : null
const never = new Int32Array(new SharedArrayBuffer(4))
let left = Number(count)

export function failpoint(name: Failpoint): void {
  if (armed === null || armed !== name) return
  if (waitMs !== null) {
    Atomics.wait(never, 0, 0, waitMs)
    return
  }
  left -= 1
  if (left === 0) process.kill(process.pid, 'SIGKILL')
}
