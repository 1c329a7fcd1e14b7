// Users' protocol files in, checked protocol classes out. Owns that what is loaded would compute, or says why it does not: a
// file without a protocol, a wrong Meta or two classes of one name are errors at load (spec section 6).
import { basename } from 'node:path'
import { createJiti } from 'jiti'
import { ProtocolLoadError } from '../base/errors.js'
import { appointmentNotification } from './appointment-notification.js'
import { ClinicalQualityMeasure, metaSchema, type ProtocolContext } from './protocol.js'
import type { ProtocolResult } from './protocol-result.js'
import { sdk } from './sdk.js'
import type { LoadedProtocol } from './worker-messages.js'

type ProtocolClass = (new (
  context: ProtocolContext,
) => { compute_results(): ProtocolResult | Promise<ProtocolResult> }) & { enabled(): boolean }

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
    if (classes.every(isAbstract)) {
      const what = classes.length === 0 ? 'no class' : 'no class but abstract ones'
      throw new ProtocolLoadError(file, `it exports ${what} that extends ClinicalQualityMeasure`)
    }
    for (const construct of classes) {
      // Several files may export the class that theirs extend.
      if (isAbstract(construct) && protocols.get(construct.name)?.idle === 'abstract') continue
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
  const declared = metaOf(construct)
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
  const known = { name, file: basename(file), title, version, construct }
  if (isAbstract(construct)) return { ...known, changeTypes: [], idle: 'abstract' }
  if (!isEnabled(file, construct)) return { ...known, changeTypes: [], idle: 'not enabled' }
  return { ...known, changeTypes, idle: changeTypes.length === 0 ? 'no change types' : null }
}

/** What the class says itself; undefined: nothing. */
const ownMeta = (construct: object): unknown =>
  Object.hasOwn(construct, 'Meta') ? Reflect.get(construct, 'Meta') : undefined

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

const isAbstract = (construct: object): boolean => {
  const meta = ownMeta(construct)
  return isObject(meta) && 'abstract' in meta && meta.abstract === true
}

/** As the kit merges it: the class's own over those that it extends, but for `abstract`. Undefined where none says any. */
function metaOf(construct: object): unknown {
  const parent: unknown = Object.getPrototypeOf(construct)
  const inherited = typeof parent === 'function' && parent !== ClinicalQualityMeasure ? metaOf(parent) : undefined
  const own = ownMeta(construct)
  // What is no object is for the schema to refuse.
  if (!isObject(inherited) || (own !== undefined && !isObject(own))) return own ?? inherited
  const { abstract: _, ...rest } = { abstract: undefined, ...inherited }
  return { ...rest, ...own }
}

/** @throws ProtocolLoadError where it cannot say. */
function isEnabled(file: string, construct: ProtocolClass): boolean {
  try {
    return Boolean(construct.enabled())
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    throw new ProtocolLoadError(file, `${construct.name}.enabled() failed: ${why}`, { cause: error })
  }
}
