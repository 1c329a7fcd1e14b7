// What a `tls` key's files may hold: each mistake is named with its key, before anything is dialled.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ConfigError } from '../src/base/errors.js'
import { readTlsFiles } from '../src/tls-files.js'

const fixture = (name: string) => fileURLToPath(new URL(`send/fixtures/${name}.pem`, import.meta.url))
const [ca, client, server] = [fixture('ca'), fixture('client'), fixture('server')]

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'notifyd-tls-'))
  await writeFile(join(folder, 'empty.pem'), '')
  await writeFile(join(folder, 'broken.pem'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
})
afterAll(() => rm(folder, { recursive: true }))

test('certificates and their key are read', async () => {
  const read = await readTlsFiles('c.json', { ca_file: ca, cert_file: client, key_file: client }, 'database.tls')
  expect(Object.keys(read)).toEqual(['ca', 'cert', 'key'])
  expect(await readTlsFiles('c.json', {}, 'database.tls')).toEqual({})
})

test.each([
  ['a file that is not there', { ca_file: 'lost.pem' }, /^ca_file: the file .*lost\.pem cannot be read \(ENOENT\)$/],
  // Node would take it and trust the system's authorities
  ['an empty file of authorities', { ca_file: 'empty.pem' }, /^ca_file: the file .*empty\.pem holds no certificate/],
  ['a broken certificate', { ca_file: 'broken.pem' }, /^ca_file: .*holds a broken certificate \(number 1\)$/],
  ['a certificate that is none', { cert_file: 'empty.pem', key_file: client }, /^cert_file: .*holds no certificate/],
  [
    'a key that is none',
    { cert_file: client, key_file: 'empty.pem' },
    /^key_file: expected an unencrypted private key/,
  ],
  ['the key of another', { cert_file: client, key_file: server }, /^key_file: the key in .*server\.pem is not that of/],
])('%s is a mistake of the config', async (_, files, problem) => {
  const given = Object.fromEntries(Object.entries(files).map(([key, name]) => [key, resolve(folder, name)]))
  const error = await readTlsFiles('c.json', given, 'database.tls').catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ConfigError)
  const [found] = error instanceof ConfigError ? error.problems : []
  expect(`${found?.path}: ${found?.message}`.replace('database.tls.', '')).toMatch(problem)
})
