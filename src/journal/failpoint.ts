// Named places at which a chaos run ends the process as a power cut would: NOTIFYD_FAILPOINT=`name:n` kills it at the n-th
// time there. Off, which is always but then, it costs a comparison with null.

export type Failpoint =
  | 'before append'
  | 'before acknowledge'
  | 'after acknowledge'
  | 'before post'
  | 'before settle'
  | 'after settle'

const [armed = null, count = '1'] = process.env['NOTIFYD_FAILPOINT']?.split(':') ?? []
let left = Number(count)

export function failpoint(name: Failpoint): void {
  if (armed === null || armed !== name) return
  left -= 1
  if (left === 0) process.kill(process.pid, 'SIGKILL')
}
