// Data that would clear the screen, change the title or forge a line, in every place where rows and their columns' names are
// shown; and an external id that is found as it was given.
import { expect, test } from 'vitest'
import type { Journal } from '../../src/journal/journal.js'
import { appointment } from '../compute/changes.js'
import { acting, actingInLines } from '../support/acting.js'
import { small } from '../support/config.js'
import { type JournalHome, journaled, openJournalHome, type Ran } from '../support/journal-home.js'
import { disclosureShape, explainShape, linesOf } from './shapes.js'

const nasty = '\u001b[2J\u001b]0;owned\u0007\u009b31m\u202eA/1\nmsg_forged  created \u2028x'
const column = 'col\u001b[2J\u009b1m\numn'

async function openNasty(): Promise<JournalHome> {
  const message = `cannot\u001b[2J ${nasty}`
  const ofNasty = (ordinal: number, endpoint: string) =>
    journaled({
      ordinal,
      appointment: { ...appointment, externally_exposable_id: nasty },
      fields: { [column]: [null, 1], ['__proto__']: [null, 2] },
      outcomes: [
        {
          tag: 'computed',
          protocol: 'P\u001b[1m',
          status: 'x',
          narratives: [],
          recommendations: [],
          due_in: null,
          reason: nasty,
        },
        { tag: 'failed', protocol: 'Q', cause: 'threw', message, stack: `${message}\n    at \u001b[2Jx` },
      ],
      owes: [{ endpoint, notification: 'n\u001b[2J\nx' }],
    })
  const ids = ['ABC-1', 'abc-1', ' abc-1', '0/16B3748', 'msg_1', 'a/z', 'E999B5C7-D12F-498C-816A-F3C66946A911']
  const others = ids.map((id, index) =>
    journaled({
      ordinal: 10 + index,
      appointment: { ...appointment, externally_exposable_id: id },
      commitLsn: 0x20n + BigInt(index),
    }),
  )
  const home = await openJournalHome(small, [...others, ofNasty(0, 'desk'), ofNasty(1, 'desk')])
  await home.write(settleOne)
  return home
}

/** One is dead after a failed attempt, the other delivered. */
async function settleOne(journal: Journal): Promise<void> {
  const [dead, delivered] = journal.loadOwed('desk', 0, 10).deliveries
  if (dead === undefined || delivered === undefined) throw new Error('two are owed')
  const attempt = { number: 1, startedAt: Date.now(), durationMs: 2, status: 503, error: 'http 503' }
  await journal.settle([
    { tag: 'dead', delivery: dead, attempt: { ...attempt, deliveryId: dead.id }, pauseUntil: null },
    {
      tag: 'delivered',
      delivery: delivered,
      attempt: { ...attempt, deliveryId: delivered.id, status: 204, error: null },
    },
  ])
  await journal.recordGap({
    kind: 'slot is lost',
    slot: nasty,
    reason: nasty,
    from: '0/1',
    to: '0/2',
    bytes: 1,
    lastCommitAt: null,
  })
}

test('nothing that a command prints of a row can act, and none of it makes a line of its own', async () => {
  await using home = await openNasty()
  const lsn = '0/16B3748'
  const commands = [
    ['tail'],
    ['explain', lsn],
    ['explain', nasty, '--protocol-errors'],
    ['audit'],
    ['dead-letters', 'list'],
    ['replay', '--from', lsn, '--dry-run'],
    ['gaps', 'list'],
    ['status'],
  ]
  const all: Ran[] = []
  for (const args of commands) all.push(await home.here(...args), await home.here(...args, '--json'))
  for (const [index, { out, err }] of all.entries()) {
    const command = `${commands[Math.floor(index / 2)]?.join(' ')}${index % 2 === 1 ? ' --json' : ''}`
    // Beside JSON what is said of a gap goes to stderr.
    expect([
      command,
      err.replace(/^notifyd: (?:this may not be all|the range crosses a gap): [^\n]*\n {2}gap 1 [^\n]*\n$/, ''),
    ]).toEqual([command, ''])
    expect(actingInLines.exec(out + err)?.[0], command).toBeUndefined()
    expect(out.split('\n').filter((line) => line.startsWith('msg_forged'))).toEqual([])
    if (index % 2 === 0 && !command.startsWith('status')) expect(out, command).toContain(String.raw`\x1b[2J`)
  }
  // JSON is the value itself.
  const [told] = linesOf(disclosureShape, all[1]?.out ?? '')
  expect(told?.appointment_external_id).toBe(nasty)
  const [explained] = explainShape.parse(JSON.parse(all[3]?.out ?? ''))
  expect(explained?.fields).toEqual([column, '__proto__'])
  // An error may quote what it was given.
  const { status, err } = await home.here('tail', '--endpoint', 'x\u001b[2J')
  expect([status, acting.test(err.trimEnd())]).toEqual([2, false])
})

test('an external id is found as it is given: no other case, no blanks, and also where it looks like something else', async () => {
  await using home = await openNasty()
  const found = async (id: string) => {
    const { status, out } = await home.here('explain', id, '--json')
    const changes = explainShape.parse(JSON.parse(out))
    return [status, ...changes.map((change) => change.appointment_external_id)]
  }
  const uuid = 'E999B5C7-D12F-498C-816A-F3C66946A911'
  const all = []
  for (const id of ['ABC-1', ' abc-1', 'Abc-1', 'msg_1', 'a/z', uuid, uuid.toLowerCase()]) all.push(await found(id))
  expect(all).toEqual([[0, 'ABC-1'], [0, ' abc-1'], [1], [0, 'msg_1'], [0, 'a/z'], [0, uuid], [1]])
})
