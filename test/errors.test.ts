// docs/errors.md is the error table, and the error table is every message in the code: none is missing, none is left over.
import { readdirSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { errors } from 'undici'
import { expect, test } from 'vitest'
import { errorsPage } from '../scripts/errors-page.js'
import { errorCodes, permanent } from '../src/base/errors.js'
import { attemptCodes, attemptErrors, classOfCode, oursAlone } from '../src/send/attempt-errors.js'
import { codesOfOthers } from '../src/terminal/codes-of-others.js'
import { errorTable } from '../src/terminal/error-table.js'
import { callSites } from './support/messages.js'

const root = new URL('../src/', import.meta.url)
const files = readdirSync(root, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('.ts') && !file.endsWith('error-table.ts'))
const sources = new Map(files.map((file) => [file, readFileSync(new URL(file, root), 'utf8')]))
const sites = [...sources].flatMap(([file, source]) => callSites(file, source))
const known = new Set(errorTable.flatMap(({ entries }) => entries.map(({ message }) => message)))

/** Texts at such places that no operator meets as a message: results, SQL, what a message is put together from. */
const others = [
  /^(?:protocol …|the file … …|found, wal_status ………|no dead lettersn|journal is new|another cluster|another timeline|another history|slot is ahead)$/,
  /SELECT|^state history$|^patient of$|^see --help$|^ +|^\n|^; $/,
  /^(?:…|… \(…\)|…: …|… {2}-- …|; |no endpoint asks for …)$/,
]

test('every message in the code is in the table', () => {
  expect(sites.length).toBeGreaterThan(100)
  const missing = sites.filter(
    ({ texts }) => !texts.some((text) => known.has(text) || others.some((other) => other.test(text))),
  )
  expect(missing).toEqual([])
})

test('the table has no message that the code has not', () => {
  const texts = new Set(sites.flatMap((site) => site.texts))
  expect([...known].filter((message) => !texts.has(message))).toEqual([])
  expect(errorTable.flatMap(({ entries }) => entries.filter(({ cause, todo }) => cause === '' || todo === ''))).toEqual(
    [],
  )
})

/** Codes that no operator meets: they are mended, or said in words, where they are caught. */
const caught = new Set(['ABORT_ERR', 'ERR_OSSL_X509_KEY_VALUES_MISMATCH', '22P02', '22003', '22007', '22008'])

/** A code of ours where an error gets it or is known by it; one of a database, the system or TLS wherever it stands. */
const codes = [
  /(?:StreamError|\bstop|\bretry)\(\s*'(\w+)'/g,
  /\bcode [!=]== '([A-Z0-9_]+)'/g,
  /'(E[A-Z]{3,}|[0-9][0-9A-Z]{4}|[A-Z]+_ERR|ERR_\w+)'/g,
]

test('every code in the code is in a table', () => {
  const tables = [errorCodes, permanent, codesOfOthers, attemptCodes, oursAlone]
  const documented = new Set(tables.flatMap((table) => Object.keys(table)))
  const others = [...sources].filter(([file]) => !file.endsWith('change-type.ts'))
  const used = others.flatMap(([, source]) =>
    codes.flatMap((pattern) => [...source.matchAll(pattern)].map(([, code = '']) => code)),
  )
  expect(used.length).toBeGreaterThan(30)
  const undocumented = (code: string) => !documented.has(code) && !caught.has(code) && !code.startsWith('UND_ERR_')
  expect([...new Set(used)].filter(undocumented)).toEqual([])
})

test('whatever code an attempt ends with, what is logged of it is a row of docs/errors.md', () => {
  const page = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8')
  const section = page.slice(page.indexOf('## The error of an attempt'), page.indexOf('## What the database says'))
  const rows = new Set([...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, error]) => error))
  const classes = [...Object.keys(attemptErrors), ...Object.keys(attemptCodes)]
  expect(classes.filter((error) => !rows.has(error))).toEqual([])
  const ofUndici = Object.values(errors).flatMap((kind) => {
    const code: unknown = typeof kind === 'function' ? Reflect.get(Reflect.construct(kind, ['', 0, {}]), 'code') : null
    return typeof code === 'string' ? [code] : []
  })
  expect(ofUndici.length).toBeGreaterThan(10)
  const codes = [
    ...ofUndici,
    ...Object.keys(constants.errno),
    'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
    'CRL_HAS_EXPIRED',
    'HOSTNAME_MISMATCH',
  ]
  expect(codes.filter((code) => !rows.has(classOfCode(code)))).toEqual([])
})

test('docs/errors.md is what the table says: npm run docs:errors', () => {
  expect(readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8')).toBe(errorsPage())
})

test('the look at the source ends, and reads no text out of a comment', () => {
  const source =
    "warn(\n  // the operator's own words: it isn't a text of ours\n  'a text of ours', /* nor's this */ 'another one')"
  expect(callSites('a.ts', source)).toEqual([{ file: 'a.ts', texts: ['a text of ours', 'another one'] }])
  for (const open of [
    "warn('no end of it",
    'warn(`no ${end of it',
    'warn(/* no end of it',
    "warn(found, it's // no end's",
  ]) {
    expect(callSites('a.ts', open).length).toBeLessThan(2)
  }
})
