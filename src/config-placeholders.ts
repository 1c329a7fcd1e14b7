// Replaces `${NAME}` by the environment's value and `${file:PATH}` by a file's content, trimmed. In: parsed JSON. Out: the
// same with its strings replaced, and which strings these were: what came from outside is secret and never shown.
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type ConfigProblem, errorCode } from './base/errors.js'

/** Keys and indices from the root of the config. */
export type Path = readonly PropertyKey[]

/** `endpoints[0].url`; a key that is no plain name is quoted. */
export const pathText = (path: Path): string =>
  path
    .map((part) => {
      if (typeof part === 'number') return `[${part}]`
      return /^[\w$-]+$/.test(String(part)) ? `.${String(part)}` : `[${JSON.stringify(String(part))}]`
    })
    .join('')
    .replace(/^\./, '')

export interface Expansion {
  readonly value: unknown
  /** `pathText` of every string that had a placeholder. */
  readonly replaced: ReadonlySet<string>
  readonly problems: readonly ConfigProblem[]
}

export type Environment = Readonly<Record<string, string | undefined>>

const placeholder = /\$\{([^}]*)(\}?)/g

/** Values are not searched for further placeholders. Keys are left alone. */
export async function expandPlaceholders(json: unknown, directory: string, env: Environment): Promise<Expansion> {
  const replaced = new Set<string>()
  const problems: ConfigProblem[] = []

  const replacement = async (name: string, closed: boolean, path: string): Promise<string> => {
    const complain = (message: string) => {
      problems.push({ path, message })
      return ''
    }
    if (closed && name.startsWith('file:')) {
      const file = resolve(directory, name.slice('file:'.length))
      try {
        return (await readFile(file, 'utf8')).trim()
      } catch (error) {
        return complain(`the file ${file} cannot be read (${errorCode(error) ?? 'unknown error'})`)
      }
    }
    if (!closed || !/^[A-Za-z_]\w*$/.test(name)) {
      return complain(`expected a placeholder like \${NAME} or \${file:PATH}`)
    }
    return env[name] ?? complain(`the environment variable ${name} is not set`)
  }

  const expand = async (node: unknown, path: Path): Promise<unknown> => {
    if (typeof node === 'string') {
      const found = [...node.matchAll(placeholder)]
      if (found.length === 0) return node
      const text = pathText(path)
      replaced.add(text)
      const values: string[] = []
      for (const [, name = '', end] of found) values.push(await replacement(name, end === '}', text))
      return node.replace(placeholder, () => values.shift() ?? '')
    }
    if (typeof node !== 'object' || node === null) return node
    if (Array.isArray(node)) {
      const items: unknown[] = []
      for (const [index, item] of node.entries()) items.push(await expand(item, [...path, index]))
      return items
    }
    const entries: [string, unknown][] = []
    for (const [key, item] of Object.entries(node)) entries.push([key, await expand(item, [...path, key])])
    return Object.fromEntries(entries)
  }

  return { value: await expand(json, []), replaced, problems }
}
