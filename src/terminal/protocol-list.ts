// `notifyd protocols list`: which protocols there are, and on which changes each computes, or why on none.
import pc from 'picocolors'
import { appointmentNotification, notificationNames } from '../compute/appointment-notification.js'
import type { Compute } from '../compute/compute.js'
import { idleReason } from '../compute/idle-protocol.js'
import type { LoadedProtocol } from '../compute/worker-messages.js'
import { jsonText, printable } from './printable.js'
import { protocolJson } from './protocol-test.js'

const builtIn: LoadedProtocol = {
  name: appointmentNotification,
  file: 'built in',
  title: notificationNames.join(', '),
  version: '',
  changeTypes: ['APPOINTMENT'],
  idle: null,
}

/** @throws ProtocolLoadError */
export async function listProtocols(
  load: () => Promise<Compute>,
  withBuiltIn: boolean,
  json: boolean,
): Promise<string> {
  const compute = await load()
  await compute.close()
  const all = [...(withBuiltIn ? [builtIn] : []), ...compute.protocols]
  if (json) return `${jsonText(all.map(protocolJson))}\n`
  const shown = printable(all)
  const cells = shown.map(({ name, version, file, changeTypes }) => [
    `${name} ${version}`.trim(),
    changeTypes.join(', ') || 'never',
    file,
  ])
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  const rows = shown.map(({ title }, index) => {
    const row = cells[index] ?? []
    return [...row.map((cell, column) => cell.padEnd(widths[column] ?? 0)), title].join('  ')
  })
  const idle = all.flatMap((protocol) => {
    const why = idleReason(protocol)
    return why === null ? [] : [pc.yellow(`! ${protocol.name} ${why}`)]
  })
  return `${[...rows, ...idle].join('\n')}\n`
}
