// `notifyd protocols list`: which protocols there are, and on which changes each computes.
import pc from 'picocolors'
import { appointmentNotification, notificationNames } from '../compute/appointment-notification.js'
import type { Compute } from '../compute/compute.js'
import type { LoadedProtocol } from '../compute/worker-messages.js'
import { protocolJson } from './protocol-test.js'

const builtIn: LoadedProtocol = {
  name: appointmentNotification,
  file: 'built in',
  title: notificationNames.join(', '),
  version: '',
  changeTypes: ['APPOINTMENT'],
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
  if (json) return `${JSON.stringify(all.map(protocolJson))}\n`
  const width = Math.max(...all.map(({ name }) => name.length))
  const rows = all.map(({ name, file, title, version, changeTypes }) =>
    [pc.bold(name.padEnd(width)), version.padEnd(7), file, changeTypes.join(', ') || 'never', title].join('  '),
  )
  return `${rows.join('\n')}\n`
}
