// docker-compose.yml against the Compose Specification's JSON schema (through dclint, which brings it), and against what the
// files that it mounts expect of each other.
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DCLinter } from 'dclint'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { loadConfig } from '../../src/config.js'
import { readSettings } from '../../src/settings.js'

interface Service {
  readonly image?: string
  readonly command?: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly volumes: readonly string[]
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const file = join(root, 'docker-compose.yml')
const text = readFileSync(file, 'utf8')
const { services } = parse(text) as { services: Record<'database' | 'receiver' | 'notifyd', Service> }

async function errors(path: string): Promise<string[]> {
  const linter = new DCLinter({ rules: {}, quiet: true, debug: false, exclude: [] })
  const results: readonly { messages: readonly { type: string; rule: string }[] }[] = await linter.lintFiles(
    [path],
    false,
  )
  expect(results).toHaveLength(1)
  return results.flatMap(({ messages }) => messages.flatMap(({ type, rule }) => (type === 'error' ? [rule] : [])))
}

test('it is of the Compose Specification', async () => {
  expect(await errors(file)).toEqual([])
  const folder = await mkdtemp(join(tmpdir(), 'notifyd-compose-'))
  try {
    const wrong = join(folder, 'docker-compose.yml')
    await writeFile(wrong, text.replace('stop_grace_period:', 'stop_grace:'))
    expect(await errors(wrong)).toEqual(['invalid-schema'])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('what it mounts is there, and PostgreSQL is 18 with logical WAL', () => {
  const mounts = Object.values(services).flatMap(({ volumes }) => volumes.filter((volume) => volume.startsWith('./')))
  expect(mounts.length).toBeGreaterThan(6)
  expect(mounts.filter((mount) => !existsSync(join(root, mount.split(':')[0] ?? '')))).toEqual([])
  expect(services.database.image).toBe('postgres:18')
  expect(services.database.command).toContain('wal_level=logical')
})

test('its config is one, with its environment; daemon, receiver and password agree', async () => {
  const { environment } = services.notifyd
  const config = await loadConfig(join(root, 'deploy/compose/config.json'), environment)
  const [endpoint] = (await readSettings(config)).endpoints
  expect(endpoint?.secrets).toEqual([services.receiver.environment['SECRET']])
  const url = new URL(endpoint?.url ?? '')
  expect(services).toHaveProperty(url.hostname)
  expect(url.port).toBe(services.receiver.environment['PORT'])
  expect(config.journal.url).toMatch(/^\/var\/lib\/notifyd\//)
  const database = new URL(config.database.url)
  expect(services).toHaveProperty(database.hostname)
  const password = readFileSync(join(root, 'deploy/compose/password.sql'), 'utf8')
  expect(password).toContain(`ALTER ROLE ${database.username} PASSWORD '${database.password}'`)
})
