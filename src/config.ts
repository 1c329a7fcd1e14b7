// Loads the config file. In: its name and the environment. Out: the config, every key present, paths absolute; or a
// ConfigError with every problem at once. No message of it quotes a secret or anything that a placeholder stood for.
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import * as z from 'zod'
import { ConfigError, errorCode } from './base/errors.js'
import { readJson } from './config-json.js'
import { type Environment, expandPlaceholders } from './config-placeholders.js'
import { expectation, problemsOf } from './config-problems.js'
import { type Config, configSchema } from './config-schema.js'

export type LoadedConfig = Config & {
  /** Absolute path of the config file. */
  readonly file: string
  /** Its folder. */
  readonly directory: string
}

/** @throws ConfigError with every problem of the file. */
export async function loadConfig(file: string, env: Environment = process.env): Promise<LoadedConfig> {
  const path = resolve(file)
  const directory = dirname(path)
  const json = readJson(await readText(path))
  if (json.tag === 'error') {
    const where = `line ${json.line}, column ${json.column}`
    throw new ConfigError(path, [{ path: '', message: `not valid JSON at ${where}` }])
  }
  const { value, replaced, problems } = await expandPlaceholders(json.value, directory, env)
  const parsed = configSchema.safeParse(value, { error: expectation })
  if (parsed.success && problems.length === 0)
    return { ...withAbsolutePaths(parsed.data, directory), file: path, directory }
  const schema = editorSchema()
  const unexpanded = new Set(problems.map((problem) => problem.path))
  const issues = parsed.success ? [] : parsed.error.issues
  const found = issues.flatMap((issue) => problemsOf(issue, { value, schema, replaced }))
  throw new ConfigError(path, [...problems, ...found.filter((problem) => !unexpanded.has(problem.path))])
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const code = errorCode(error)
    const message =
      code === 'ENOENT'
        ? 'there is no such file: name one with --config, or start from config.example.json'
        : `cannot be read (${code ?? 'unknown error'})`
    throw new ConfigError(path, [{ path: '', message }], { cause: error })
  }
}

function withAbsolutePaths(config: Config, directory: string): Config {
  const absolute = (path: string) => resolve(directory, path)
  const { database, journal, endpoints, protocols } = config
  const withFiles = <T extends { readonly tls: Tls | null }>(place: T): T =>
    place.tls === null ? place : { ...place, tls: absoluteFiles(place.tls, absolute) }
  return {
    ...config,
    database: withFiles(database),
    journal: { ...journal, url: absolute(journal.url) },
    endpoints: endpoints.map(withFiles),
    protocols: protocols.map(absolute),
  }
}

type Tls = NonNullable<Config['database']['tls']>

const absoluteFiles = ({ ca_file, cert_file, key_file }: Tls, absolute: (path: string) => string): Tls => ({
  ...(ca_file !== undefined && { ca_file: absolute(ca_file) }),
  ...(cert_file !== undefined && { cert_file: absolute(cert_file) }),
  ...(key_file !== undefined && { key_file: absolute(key_file) }),
})

/** The schema of the config file as JSON Schema, of what may be written rather than of what is loaded. */
function editorSchema() {
  return z.toJSONSchema(configSchema, { io: 'input' })
}

/** The text of config.schema.json. */
export const schemaText = (): string => `${JSON.stringify(editorSchema(), null, 2)}\n`
