// What a process has cost so far, as Linux counts it.
import { readFileSync } from 'node:fs'

/** USER_HZ is 100 on every Linux that Node runs on. */
const microsPerTick = 10_000

export interface Cost {
  /** User and system time. */
  readonly cpuMicros: number
  readonly peakRssBytes: number
  readonly voluntarySwitches: number
}

export function costOf(pid: number): Cost {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kb = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0)
  return {
    cpuMicros: (Number(fields[11]) + Number(fields[12])) * microsPerTick,
    peakRssBytes: kb('VmHWM') * 1024,
    voluntarySwitches: kb('voluntary_ctxt_switches'),
  }
}
