// A name that nobody configured or journaled is exit 2 with the nearest one, in every command that takes one; a name that only
// the journal still has, or that only a protocol will have, is none of these.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { UsageError } from '../../src/base/errors.js'
import { assertNames, type GivenNames } from '../../src/cli-names.js'
import { loadConfig } from '../../src/config.js'
import { small } from '../support/config.js'
import { journaled, openJournalHome } from '../support/journal-home.js'

const pager = `
import { CHANGE_TYPE, ClinicalQualityMeasure, ProtocolResult } from 'notification-protocol'
export class NeverYet extends ClinicalQualityMeasure {
  static Meta = { title: 'Has sent nothing', compute_on_change_types: [CHANGE_TYPE.APPOINTMENT], notification_only: true }
  compute_results() { return new ProtocolResult() }
}`

test('a typo is told with the nearest name, in every command', async () => {
  const owes = [{ endpoint: 'left-the-config' }, { endpoint: 'https://pager.example', notification: 'Pager' }]
  await using home = await openJournalHome(small, [journaled({ owes })])
  await writeFile(join(home.path, 'never-yet.ts'), pager)
  const config = await loadConfig(home.configFile)
  const refusal = (given: GivenNames) =>
    assertNames(config, given).then(
      () => null,
      (error: unknown) => (error instanceof UsageError ? error.message : error),
    )
  const nobody = 'nobody configured it and the journal has none'
  const there = 'there is desk, https://pager.example, left-the-config'
  expect(await refusal({ endpoint: 'dsek' })).toBe(`--endpoint dsek: ${nobody}; did you mean desk? ${there}`)
  expect(await refusal({ endpoint: 'https://pager.exmple' })).toContain('did you mean https://pager.example?')
  expect(await refusal({ endpoint: 'Left-the-confg' })).toContain('did you mean left-the-config?')
  expect(await refusal({ endpoint: 'x' })).toBe(`--endpoint x: ${nobody}; ${there}`)
  expect(await refusal({ endpoint: 'left-the-config' })).toBeNull()
  await assertNames(config, { notifications: ['no_show', 'gap', 'Pager'] })
  await expect(
    assertNames(config, { notifications: ['created', 'Pagr'], notificationOption: '--only' }),
  ).rejects.toThrow(`--only Pagr: ${nobody}; did you mean Pager? `)

  const commands = [
    ['tail', '--endpoint'],
    ['tail', '--notification'],
    ['replay', '--from', '0/16B3748', '--dry-run', '--endpoint'],
    ['replay', '--from', '0/16B3748', '--dry-run', '--only'],
    ['dead-letters', 'list', '--endpoint'],
    ['dead-letters', 'retry', '--endpoint'],
    ['dead-letters', 'discard', '--reason', 'closed', '--endpoint'],
  ]
  for (const command of commands) {
    const isEndpoint = command.at(-1) === '--endpoint'
    const { status, out, err } = await home.here(...command, isEndpoint ? 'dsek' : 'canceled')
    expect([command, status, out]).toEqual([command, 2, ''])
    expect(err).toContain(`did you mean ${isEndpoint ? 'desk' : 'cancelled'}?`)
  }
  // A protocol's class names its notifications; it is asked in the daemon's own way, from the built program.
  await home.configure({ ...small, protocols: ['./never-yet.ts'] })
  const known = await Promise.all(['NeverYet', 'NeverYt'].map((name) => home.notifyd('tail', '--notification', name)))
  expect(known).toMatchObject([
    { status: 0, err: '' },
    { status: 2, err: expect.stringContaining('did you mean NeverYet?') },
  ])
})
