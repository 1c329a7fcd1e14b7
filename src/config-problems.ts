// Says what is wrong with a config: where, what was found, what was expected. In: zod's issues and the config. Out: one
// problem for each. A value that is or may be a secret is never quoted: its type or length stands for it.
import type * as z from 'zod'
import type { ConfigProblem } from './base/errors.js'
import { type Path, pathText } from './config-placeholders.js'
import { nearest } from './terminal/nearest.js'

type Issue = z.core.$ZodIssue
type JsonSchema = z.core.JSONSchema.BaseSchema

export interface Checked {
  readonly value: unknown
  /** What editors get; tells which keys there are. */
  readonly schema: JsonSchema
  /** `pathText` of strings that came from the environment or a file. */
  readonly replaced: ReadonlySet<string>
}

/** Everything below these keys is secret; URLs may hold passwords and tokens. */
const secretKeys: ReadonlySet<PropertyKey> = new Set(['url', 'proxy', 'secrets', 'headers', 'settings'])

/** The problems of one issue: an unknown key each, else one. */
export function problemsOf(issue: Issue, checked: Checked): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(checked.schema, issue.path)
    return issue.keys.map((key) => ({ path: pathText([...issue.path, key]), message: unknownKey(key, known) }))
  }
  return [{ path: pathText(issue.path), message: describe(issue, checked) }]
}

function describe(issue: Issue, { value, replaced }: Checked): string {
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message
  const found = valueAt(value, issue.path)
  if (found === undefined) return `missing: ${issue.message}`
  const isSecret = issue.path.some((part) => secretKeys.has(part)) || replaced.has(pathText(issue.path))
  return `${issue.message}; found ${foundText(found, isSecret)}`
}

/** What was expected, for issues to which the schema gives no message of its own. */
export function expectation(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${typeNames[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `expected ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map((v) => JSON.stringify(v)).join(', ')}`
    case 'too_small':
      return `expected ${issue.inclusive === false ? 'more than' : 'at least'} ${quantity(issue.minimum, issue.origin)}`
    case 'too_big':
      return `expected at most ${quantity(issue.maximum, issue.origin)}`
    default:
      return undefined
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

const units: Readonly<Record<string, readonly [one: string, many: string]>> = {
  string: ['character', 'characters'],
  array: ['entry', 'entries'],
}

function quantity(count: number | bigint, origin: string): string {
  const unit = units[origin]
  return unit === undefined ? String(count) : `${count} ${Number(count) === 1 ? unit[0] : unit[1]}`
}

function foundText(found: unknown, isSecret: boolean): string {
  if (found === null) return 'null'
  if (Array.isArray(found)) return `a list of ${quantity(found.length, 'array')}`
  if (typeof found === 'object') return 'an object'
  if (typeof found === 'string' && (isSecret || found.length > 80))
    return `a string of ${quantity(found.length, 'string')}`
  return isSecret ? `a ${typeof found}` : JSON.stringify(found)
}

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((at, part) => (typeof at === 'object' && at !== null ? Reflect.get(at, part) : undefined), value)

/** The keys that the schema knows for the object at a path. */
function knownKeys(schema: JsonSchema, path: Path): string[] {
  const at = path.reduce<JsonSchema | undefined>((node, part) => childOf(node, part), schema)
  return alternatives(at).flatMap((node) => Object.keys(node.properties ?? {}))
}

const alternatives = (node: JsonSchema | undefined): JsonSchema[] =>
  node === undefined ? [] : [node, ...(node.anyOf ?? []).filter(isSchema)]

const isSchema = (node: unknown): node is JsonSchema =>
  typeof node === 'object' && node !== null && !Array.isArray(node)

function childOf(parent: JsonSchema | undefined, part: PropertyKey): JsonSchema | undefined {
  return alternatives(parent)
    .flatMap((node) => [node.properties?.[String(part)], node.additionalProperties, node.items])
    .find(isSchema)
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known)
  const hint = near === null ? '' : `did you mean "${near}"? `
  return `unknown key; ${hint}expected one of ${known.join(', ')}`
}
