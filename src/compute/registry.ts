// Users' protocol files in, checked protocol classes out. Owns that what is loaded would compute: a file without a
// protocol, a wrong Meta or two classes of one name are errors at load (spec section 6).
import { basename } from 'node:path'
import { createJiti } from 'jiti'
import { ProtocolLoadError } from '../base/errors.js'
import { appointmentNotification } from './appointment-notification.js'
import { ClinicalQualityMeasure, metaSchema, type ProtocolContext } from './protocol.js'
import type { ProtocolResult } from './protocol-result.js'
import { sdk } from './sdk.js'
import type { LoadedProtocol } from './worker-messages.js'

type ProtocolClass = new (context: ProtocolContext) => { compute_results(): ProtocolResult | Promise<ProtocolResult> }

export interface Protocol extends LoadedProtocol {
  readonly construct: ProtocolClass
}

/** @throws ProtocolLoadError that names the file. */
export async function loadProtocols(files: readonly string[]): Promise<ReadonlyMap<string, Protocol>> {
  const jiti = createJiti(import.meta.url, {
    virtualModules: { 'notification-protocol': sdk },
    fsCache: false,
    moduleCache: false,
  })
  const protocols = new Map<string, Protocol>()
  for (const file of files) {
    const classes = await importClasses(jiti, file)
    if (classes.length === 0) {
      throw new ProtocolLoadError(file, 'it exports no class that extends ClinicalQualityMeasure')
    }
    for (const construct of classes) {
      const protocol = describe(file, construct)
      const other =
        protocol.name === appointmentNotification ? 'the built-in protocol' : protocols.get(protocol.name)?.file
      if (other !== undefined) {
        throw new ProtocolLoadError(
          file,
          `class ${protocol.name} has the name of ${other}: names are part of every webhook id, rename one`,
        )
      }
      protocols.set(protocol.name, protocol)
    }
  }
  return protocols
}

async function importClasses(jiti: ReturnType<typeof createJiti>, file: string): Promise<ProtocolClass[]> {
  try {
    const exported: unknown = await jiti.import(file)
    const values = typeof exported === 'object' && exported !== null ? Object.values(exported) : [exported]
    return [...new Set(values)].filter(isProtocolClass)
  } catch (error) {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    throw new ProtocolLoadError(file, `it does not load: ${message}`, { cause: error })
  }
}

const isProtocolClass = (value: unknown): value is ProtocolClass =>
  typeof value === 'function' && value.prototype instanceof ClinicalQualityMeasure

function describe(file: string, construct: ProtocolClass): Protocol {
  const { name } = construct
  if (name === '') throw new ProtocolLoadError(file, 'a protocol class needs a name: it is part of every webhook id')
  const declared: unknown = 'Meta' in construct ? construct.Meta : undefined
  const parsed = metaSchema.safeParse(declared)
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `Meta.${issue.path.join('.')}: ${issue.message}`)
    throw new ProtocolLoadError(
      file,
      declared === undefined ? `${name} has no static Meta` : `${name}: ${problems.join('; ')}`,
    )
  }
  const { title, version, compute_on_change_types: changeTypes, notification_only: notificationOnly } = parsed.data
  if (notificationOnly && changeTypes.length === 0) {
    throw new ProtocolLoadError(
      file,
      `${name} would never compute: notification_only is true and compute_on_change_types is empty`,
    )
  }
  return { name, file: basename(file), title, version, changeTypes, construct }
}
