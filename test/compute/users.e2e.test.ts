// Users' protocols in the built thread. `npm test` builds first.
import { afterEach, describe, expect, test } from 'vitest'
import { appointment, type ChangeParts } from './changes.js'
import { closeAll, load } from './load.js'

afterEach(closeAll)

const ok = { tag: 'computed', protocol: 'Pager', status: 'due' }

describe('a user’s protocol', () => {
  test('says what is owed: to an endpoint, to a URL, several to one', async () => {
    const { run, lines } = await load(['pager.ts'])
    const [only] = await run({})
    expect(only?.outcome).toMatchObject(ok)
    const key = '06669a76329f4577bea114bc50072da6'
    expect(only?.notifications).toMatchObject([
      { endpoint: 'desk', url: null, notification: 'Pager', body: `{"patient":"${key}","setting":"b2"}`, headers: {} },
      {
        endpoint: 'https://pager.example',
        url: 'https://pager.example/hook?x=1',
        body: 'text',
        headers: { 'X-One': '1' },
      },
      { endpoint: 'desk', body: '{"lsn":"0/16B3748","at":"2021-12-20T11:33:20.123456Z"}' },
    ])
    const ids = only?.notifications.map(({ webhookId }) => webhookId)
    expect(new Set(ids).size).toBe(3)
    expect((await run({}))[0]?.notifications.map(({ webhookId }) => webhookId)).toEqual(ids)
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ msg: 'computed', protocol: 'Pager', lsn: '0/16B3748' }),
    )
  })

  test('in plain JavaScript computes on the change types that it asked for, and no others', async () => {
    const { run } = await load(['plain.mjs'])
    const [appointment, lab, truncated] = await run(
      {},
      { changeType: 'LAB_REPORT', model: 'lab', id: 9, appointment: null },
      { changeType: 'LAB_REPORT', model: 'lab', operation: 'truncate', appointment: null },
    )
    expect(appointment?.outcome).toMatchObject({ protocol: 'AppointmentNotification' })
    expect(lab?.notifications).toMatchObject([{ body: '{"lab":9}' }])
    expect(truncated).toEqual({ outcome: undefined, notifications: [] })
  })

  test.each([
    ['throws', 1, { cause: 'threw', message: expect.stringMatching(/^RangeError: no pager for 0666/) }],
    ['throws what is no error', 8, { cause: 'threw', message: 'Jane' }],
    ['never ends, computing', 2, { cause: 'timed_out' }],
    ['never ends, waiting', 3, { cause: 'timed_out' }],
    ['ends the thread', 4, { cause: 'threw' }],
    ['leaves a rejection behind', 5, { cause: 'threw', message: expect.stringContaining('nobody waits') }],
    ['returns no result', 6, { cause: 'threw', message: expect.stringContaining('no ProtocolResult') }],
  ])('that %s has failed, and stalls nobody', async (_, id, failure) => {
    const { run, lines } = await load(['pager.ts', 'plain.mjs'])
    const [before, failed, after, lab] = await run({}, { id }, {}, { changeType: 'LAB_REPORT', model: 'lab', id: 9 })
    expect([before?.outcome, after?.outcome]).toMatchObject([ok, ok])
    expect(failed).toMatchObject({ outcome: { tag: 'failed', protocol: 'Pager', ...failure }, notifications: [] })
    expect(lab?.notifications).toHaveLength(1)
    const line = lines.map((one) => JSON.parse(one)).find(({ msg }) => msg === 'protocol failed')
    expect(line).toMatchObject({ protocol: 'Pager', lsn: '0/16B3748', cause: failure.cause })
    expect(lines.join('')).not.toMatch(/0666|Jane|nobody/)
  })

  test('that throws is found by file and line', async () => {
    const { run, lines } = await load(['pager.ts'])
    await run({ id: 1 })
    const line = lines.map((one) => JSON.parse(one)).find(({ msg }) => msg === 'protocol failed')
    expect(line).toMatchObject({ error: 'RangeError', at: 'pager.ts:24' })
  })

  test('is suspended after five time-outs in a row; one that computes in between starts the count anew', async () => {
    const { run } = await load(['pager.ts'], { timeoutMs: 150 })
    const slow = { id: 2 }
    const outcomes = async (...changes: ChangeParts[]) =>
      (await run(...changes)).map(({ outcome }) => (outcome?.tag === 'failed' ? outcome.cause : outcome?.tag))
    expect(await outcomes(slow, slow, slow, slow, {})).toEqual([...Array(4).fill('timed_out'), 'computed'])
    const rest = await outcomes(slow, slow, slow, slow, slow, {}, slow)
    expect(rest).toEqual([...Array(5).fill('timed_out'), 'suspended', 'suspended'])
    expect(await outcomes({})).toEqual(['suspended'])
  })

  test('has the patient’s appointments when it begins: asked once for a batch, and only for changes that it computes on', async () => {
    const asked: (readonly string[])[] = []
    const one = { id: 14, externallyExposableId: null, noteId: 26, startTime: null, endTime: null, state: null }
    const appointments = async (patientIds: readonly string[]) => {
      asked.push(patientIds)
      return new Map([['3', [{ ...one, stateHistory: [] }]]])
    }
    const { run } = await load(['pager.ts'], { appointments })
    const other = { ...appointment, patient_id: '4' }
    const unknown = { ...appointment, patient_id: null }
    const outcomes = await run({ id: 7 }, { id: 7 }, { id: 7, appointment: other }, { id: 7, appointment: unknown })
    expect(asked).toEqual([['3', '4']])
    const narrative = (count: number) => `${count} appointments of 06669a76329f4577bea114bc50072da6`
    expect(outcomes.flatMap(({ outcome }) => (outcome?.tag === 'computed' ? outcome.narratives : []))).toEqual(
      [1, 1, 0, 0].map(narrative),
    )
    await run({ changeType: 'LAB_REPORT', model: 'lab', appointment: null })
    expect(asked).toHaveLength(1)
  })

  test('whose patient’s appointments no retry brings ends the batch', async () => {
    const errors = [new Error('42501')]
    const appointments = async () => {
      const error = errors.pop()
      if (error !== undefined) throw error
      return new Map()
    }
    const { run } = await load(['pager.ts'], { appointments })
    await expect(run({ id: 7 })).rejects.toThrow('42501')
    expect((await run({}))[0]?.outcome).toMatchObject(ok)
  })

  test('is given up when the daemon stops', async () => {
    const { compute, run } = await load(['pager.ts'], { timeoutMs: 60_000 })
    const running = run({ id: 2 })
    setTimeout(() => void compute.close(), 100)
    await expect(running).rejects.toMatchObject({ code: 'ENDED' })
  })
})
