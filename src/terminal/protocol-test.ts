// `notifyd protocols test`: a protocol over examples or journaled changes, in the thread that the daemon uses, held against
// what was expected. Sends nothing, and writes nothing but the expectation where `--update` asks for it.
import type { PatientAppointment } from '../change/patient-appointments.js'
import type { Compute } from '../compute/compute.js'
import type { LoadedProtocol } from '../compute/worker-messages.js'
import { jsonText } from './printable.js'
import { compare, readExpectation, writeExpectation } from './protocol-expectation.js'
import { type Report, reportText } from './protocol-report.js'
import { hasFailed, type ProtocolRun, runsOf, type TestCase } from './protocol-run.js'

export interface ProtocolTest {
  readonly file: string
  /** For people: where the changes are from. */
  readonly from: string
  readonly cases: Iterable<TestCase>
  /** Loads the file. It asks `appointments` on behalf of the case that runs. */
  load(appointments: (patientId: string) => readonly PatientAppointment[] | null): Promise<Compute>
  readonly expectation: string
  readonly update: boolean
  /** The changes are of real patients: hashes are shown and saved … */
  readonly isReal: boolean
  /** … unless the author says that the screen may show them. */
  readonly showPayloads: boolean
  readonly json: boolean
}

export interface Tested {
  readonly text: string
  /** As expected; where nothing is: no compute failed. */
  readonly isGood: boolean
}

/** @throws ProtocolLoadError; ConfigError for a file that is not as it should be */
export async function testProtocol(test: ProtocolTest): Promise<Tested> {
  const { file, from, expectation, isReal, showPayloads, update, json } = test
  let current: TestCase | null = null
  const compute = await test.load(() => current?.appointments ?? null)
  const { protocols } = compute
  const own = new Set(protocols.map(({ name }) => name))
  /** As they are saved and compared; as they are shown. */
  const runs: ProtocolRun[] = []
  const shown: ProtocolRun[] = []
  let changes = 0
  try {
    for (const one of test.cases) {
      if (one.change.operation === 'truncate') continue
      current = one
      changes += 1
      for (const computed of await compute.compute([one.change], one.source)) {
        runs.push(...runsOf(one, computed, own, isReal))
        shown.push(...runsOf(one, computed, own, isReal && !showPayloads))
      }
    }
  } finally {
    await compute.close()
  }
  const expected = readExpectation(expectation)
  const comparison = expected === null || update ? null : compare(expected, runs, isReal)
  if (update) writeExpectation(expectation, runs)
  const isGood = update || (comparison === null ? !runs.some(hasFailed) : comparison.differences.length === 0)
  const report: Report = { file, from, protocols, changes, runs: shown, expectation, update, comparison }
  return { text: json ? `${jsonText(asJson(report, isGood))}\n` : reportText(report), isGood }
}

/** The shape that `--json` prints. */
function asJson({ file, protocols, changes, runs, expectation, comparison }: Report, isGood: boolean) {
  const differences = comparison?.differences.map(({ expected, found }) => ({
    change: (found ?? expected)?.change,
    protocol: (found ?? expected)?.protocol,
    kind: expected === null ? 'new' : found === null ? 'missing' : 'changed',
  }))
  return {
    file,
    protocols: protocols.map(protocolJson),
    changes,
    runs,
    expectation: comparison === null ? null : expectation,
    differences: differences ?? [],
    good: isGood,
  }
}

export const protocolJson = ({ name, version, title, file, changeTypes, idle }: LoadedProtocol) => ({
  protocol: name,
  version,
  title,
  file,
  change_types: changeTypes,
  idle,
})
