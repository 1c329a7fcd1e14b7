// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders of the config look like this
// What the config file may say: defaults, placeholders, paths, and the JSON itself.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadConfig, schemaText } from '../src/config.js'
import { readJson } from '../src/config-json.js'
import { errorOf, inFolder, load, problems, small, withEndpoint } from './support/config.js'

const root = (name: string) => new URL(`../${name}`, import.meta.url)
const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`

const asSecret = (bytes: Uint8Array) => `whsec_${Buffer.from(bytes).toString('base64')}`

describe('a config', () => {
  test('of ten lines is enough, and has every default of the example', async () => {
    const env = { DATABASE_URL: small.database.url, SCHEDULING_SECRET: secret, SCHEDULING_TOKEN: 't' }
    const example: { endpoints: Record<string, unknown>[]; models: Record<string, Record<string, unknown>> } =
      JSON.parse(await readFile(root('config.example.json'), 'utf8'))
    const { $schema, file, directory, ...everyKey } = await load(example, env)
    expect($schema).toBe('./config.schema.json')
    const { file: smallFile, directory: smallDirectory, ...config } = await load(small)
    const withoutColumns = Object.entries(everyKey.models).map(([name, model]) => [name, { ...model, columns: {} }])
    expect(config).toEqual({
      ...everyKey,
      models: Object.fromEntries(withoutColumns),
      journal: { ...everyKey.journal, url: join(smallDirectory, 'data/journal.db') },
      endpoints: [{ ...everyKey.endpoints[0], ...small.endpoints[0], secrets: [], headers: {} }],
    })
    expect(smallFile).toBe(join(smallDirectory, 'config.json'))
    expect(file).toBe(join(directory, 'config.json'))
  })

  test('example holds every key that the schema knows', async () => {
    const example: unknown = JSON.parse(await readFile(root('config.example.json'), 'utf8'))
    const schema: unknown = JSON.parse(schemaText())
    const optional = new Set(['end_time', 'ca_file', 'cert_file', 'key_file'])
    expect(keysOf(schema, example, '').filter((path) => !optional.has(path.split('.').at(-1) ?? ''))).toEqual([])
  })

  test('has its schema for editors in config.schema.json: npx tsx scripts/config-schema.ts', async () => {
    const message =
      'config.schema.json is not what the schema says; to write it again: npx tsx scripts/config-schema.ts'
    expect(await readFile(root('config.schema.json'), 'utf8'), message).toBe(schemaText())
  })

  test('is the same when what was loaded is printed and loaded again, from wherever', async () => {
    const text = fc.string({ minLength: 1, maxLength: 20 }).filter((value) => !value.includes('$'))
    const path = fc.constantFrom('./a.pem', '../b.pem', '/etc/c.pem')
    const endpoint = fc.record(
      {
        url: fc
          .webUrl({ validSchemes: ['http', 'https'], withQueryParameters: true })
          .filter((url) => !/[#$]/.test(url)),
        secrets: fc.array(fc.uint8Array({ minLength: 24, maxLength: 64 }).map(asSecret), { maxLength: 3 }),
        headers: fc.dictionary(fc.stringMatching(/^x-[a-z0-9]{1,9}$/), fc.stringMatching(/^[ -#%-~]{0,20}$/)),
        notifications: fc.subarray(['created', 'cancelled', 'no_show']),
        enabled: fc.boolean(),
        tls: fc.option(fc.record({ ca_file: path })),
        proxy: fc.option(fc.constant('http://user:word@proxy.example:3128')),
        retry_seconds: fc.array(fc.double({ min: 0.001, max: 2_592_000, noNaN: true }), { maxLength: 100 }),
        timeout_ms: fc.integer({ min: 1, max: 600_000 }),
      },
      { requiredKeys: ['url'] },
    )
    const config = fc.record(
      {
        database: fc.record({
          url: fc.constant(small.database.url),
          publication: text,
          tls: fc.option(fc.record({ ca_file: path })),
        }),
        endpoints: fc
          .array(endpoint, { minLength: 1, maxLength: 3 })
          .map((all) => all.map((one, at) => ({ name: `e${at}`, ...one }))),
        models: fc.record({
          appointment: fc.record({ columns: fc.record({ id: text }, { requiredKeys: [] }) }),
          lab: fc.record({
            table: fc.constantFrom('lab', 'a.b', '"a ""b"".c"."D"'),
            change_type: fc.constant('LAB_REPORT'),
            columns: fc.dictionary(text, text, { maxKeys: 1 }),
          }),
        }),
        journal: fc.record({ url: path, retention_days: fc.double({ min: 0.001, max: 1e6, noNaN: true }) }),
        protocols: fc.array(path),
        settings: fc.dictionary(text, fc.jsonValue()),
        http: fc.constantFrom(false, {}, { port: 0 }),
      },
      { requiredKeys: ['database', 'endpoints'] },
    )
    await fc.assert(
      fc.asyncProperty(config, async (given) => {
        fc.pre(!JSON.stringify(given).includes('$'))
        const { file: _, directory: _from, ...loaded } = await load(given)
        const { file: _again, directory: _elsewhere, ...again } = await load(loaded)
        expect(JSON.stringify(again)).toBe(JSON.stringify(loaded))
      }),
      { numRuns: 30 },
    )
  })

  test('has relative paths resolved against its own folder', async () => {
    const tls = { ca_file: 'ca.pem', cert_file: '/etc/c.pem', key_file: '../k.pem' }
    const config = { ...withEndpoint({ tls }), protocols: ['./p/no-show.ts'], journal: { url: 'j.db' } }
    await inFolder(JSON.stringify({ ...config, database: { ...small.database, tls } }), async (file, directory) => {
      const loaded = await loadConfig(file, {})
      const absolute = {
        ca_file: join(directory, 'ca.pem'),
        cert_file: '/etc/c.pem',
        key_file: join(directory, '../k.pem'),
      }
      expect(loaded.endpoints[0]?.tls).toEqual(absolute)
      expect(loaded.database.tls).toEqual(absolute)
      expect(loaded.protocols).toEqual([join(directory, 'p/no-show.ts')])
      expect(loaded.journal.url).toBe(join(directory, 'j.db'))
    })
  })
})

/** Paths of schema keys that the example lacks. */
function keysOf(schema: unknown, example: unknown, path: string): string[] {
  if (typeof schema !== 'object' || schema === null || example === null) return []
  const { properties, items, anyOf } = schema as { properties?: object; items?: unknown; anyOf?: unknown[] }
  if (Array.isArray(example)) return keysOf(items, example[0], `${path}[0]`)
  const own = Object.entries(properties ?? {}).flatMap(([key, child]) => {
    const at = `${path}.${key}`
    if (typeof example !== 'object' || !(key in example)) return [at]
    return keysOf(child, Reflect.get(example, key), at)
  })
  return [...own, ...(anyOf ?? []).flatMap((one) => keysOf(one, example, path))]
}

describe('placeholders', () => {
  test('take the environment anywhere in a string, and files trimmed', async () => {
    await inFolder('  s3cret \n', async (path, directory) => {
      const settings = { a: '${A}-${B}/${A}', b: `\${file:${path}}`, nested: [{ c: '${A}' }], plain: '$A {A}' }
      const file = join(directory, 'other.json')
      await writeFile(file, JSON.stringify({ ...small, settings: { ...settings, near: '${file:config.json}' } }))
      expect((await loadConfig(file, { A: '${B}', B: '$&' })).settings).toEqual({
        a: '${B}-$&/${B}', // what was put in is not searched again
        b: 's3cret',
        nested: [{ c: '${B}' }],
        plain: '$A {A}',
        near: 's3cret',
      })
    })
  })

  test('that have no value are a problem also where nothing else is', async () => {
    expect(await problems({ ...small, settings: { a: '${A}', b: '${B}' } }, { A: '' })).toEqual([
      'settings.b: the environment variable B is not set',
    ])
  })

  test('that have no value are named with their path, beside all other problems', async () => {
    const config = {
      ...withEndpoint({ secrets: ['${NO_SUCH}'], concurrency: 0 }),
      settings: { a: '${file:/no/such}', b: '${x' },
    }
    expect(await problems(config)).toEqual([
      'endpoints[0].secrets[0]: the environment variable NO_SUCH is not set',
      'settings.a: the file /no/such cannot be read (ENOENT)',
      'settings.b: expected a placeholder like ${NAME} or ${file:PATH}',
      'endpoints[0].concurrency: expected at least 1; found 0',
    ])
  })
})

describe('the file', () => {
  test('that is missing is told with what to do', async () => {
    const { message } = await errorOf(loadConfig('/no/such/config.json', {}))
    expect(message).toBe(
      '/no/such/config.json: there is no such file: name one with --config, or start from config.example.json',
    )
  })

  test.each([
    ['{\n  "a": "topsecret",\n  }', 3, 3],
    ['{"a": topsecret}', 1, 7],
    ['', 1, 1],
    ['{"a": 1', 1, 8],
    ['[1] 2', 1, 5],
    ['{"a": "topsecret\n"}', 1, 7],
    ['{"a" 1}', 1, 6],
    ['[01]', 1, 3],
  ])('%j is not JSON at %i:%i', async (text, line, column) => {
    const { message } = await errorOf(inFolder(text, (file) => loadConfig(file, {})))
    expect(message).toContain(`not valid JSON at line ${line}, column ${column}`)
    expect(message).not.toContain('topsecret')
  })

  test('may begin with a byte order mark', async () => {
    expect((await inFolder(`\ufeff${JSON.stringify(small)}`, (file) => loadConfig(file, {}))).database.slot).toBe(
      'notifyd',
    )
  })

  test('the error is never past the place where the text was broken', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), (json, at) => {
        const offset = at % (json.length + 1)
        const read = readJson(`${json.slice(0, offset)}\u0001${json.slice(offset)}`)
        expect(read).toMatchObject({ tag: 'error', line: 1 })
        if (read.tag === 'error') expect(read.column).toBeLessThanOrEqual(offset + 1)
      }),
    )
  })
})
