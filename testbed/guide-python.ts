// The porting guide's left column against its right one. In: docs/protocols.md, and what the examples are expected to send. Out: how
// many notifications the Python sends, each of which its TypeScript neighbour sends too for the same change.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { readExamples } from '../src/terminal/protocol-cases.js'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The guide's classes, and the example whose payloads hold theirs. */
const neighbours = {
  NoShowPager: 'no-show-handler',
  AppointmentWebhook: 'appointment-webhook',
  NoShowHandler: 'no-show-handler',
  WaitlistOffer: 'waitlist-offer',
  LabReportPager: 'lab-report-pager',
}

type Payload = Readonly<Record<string, unknown>>
interface Expected {
  readonly change: string
  readonly notifications: readonly { readonly payload: Payload }[]
}

/** @throws Error where Python sends what TypeScript does not, or less often. */
export function checkGuide(): number {
  const guide = readFileSync(`${root}docs/protocols.md`, 'utf8')
  const blocks = [...guide.matchAll(/^```python\n([\s\S]*?)^```$/gm)].map(([, source]) => source)
  const file = (name: string) => `${root}examples/protocols/${name}.ts`
  const casesOf = (name: string) =>
    readExamples(`${file(name)}.changes.json`, false).cases.map(({ name: of, change, appointments }) => ({
      name: of,
      change_type: change.changeType,
      field_changes: change.fieldChanges,
      appointment: change.appointment,
      patient_key: change.patientKey,
      appointments,
    }))
  const cases = Object.fromEntries(Object.entries(neighbours).map(([protocol, name]) => [protocol, casesOf(name)]))
  const input = JSON.stringify({ blocks, cases })
  const out = execFileSync('python3', [`${root}testbed/guide-python.py`], { input, encoding: 'utf8' })
  const told = JSON.parse(out) as Readonly<Record<string, Readonly<Record<string, readonly Payload[]>>>>
  let compared = 0
  for (const [protocol, name] of Object.entries(neighbours)) {
    const expected = JSON.parse(readFileSync(`${file(name)}.expected.json`, 'utf8')) as Expected[]
    for (const [change, payloads] of Object.entries(told[protocol] ?? {})) {
      const ours = expected.find((one) => one.change === change)?.notifications.map(({ payload }) => payload) ?? []
      const isSame = payloads.length === ours.length && payloads.every((payload, at) => holds(ours[at], payload))
      if (!isSame)
        throw new Error(`${protocol}, ${change}: Python ${JSON.stringify(payloads)}, ours ${JSON.stringify(ours)}`)
      compared += payloads.length
    }
  }
  if (compared < Object.keys(neighbours).length) throw new Error(`only ${compared} notifications were compared`)
  return compared
}

const holds = (whole: Payload | undefined, part: Payload): boolean =>
  Object.entries(part).every(([key, value]) => isDeepStrictEqual(whole?.[key], value))
