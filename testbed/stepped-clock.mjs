// Preloaded into a daemon (`NODE_OPTIONS=--import …`): its wall clock is what the system's is plus what the file CLOCK_FILE
// says, in milliseconds. So the clock of one process can be stepped without the machine's.
import { readFileSync } from 'node:fs'

const RealDate = Date
const file = process.env['CLOCK_FILE']

const read = () => {
  try {
    return Number(readFileSync(String(file), 'utf8')) || 0
  } catch {
    return 0
  }
}

let offsetMs = read()
setInterval(() => {
  offsetMs = read()
}, 50).unref()

globalThis.Date = class extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(RealDate.now() + offsetMs)
    else super(...given)
  }

  static now() {
    return RealDate.now() + offsetMs
  }
}
// A process that starts on a stepped clock takes its time origin from it.
Object.defineProperty(performance, 'timeOrigin', { value: performance.timeOrigin + offsetMs })
