// Writes docs/licences.md, the packages that run with the daemon and their licences, from package-lock.json: npm run docs:licences
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'

interface Locked {
  readonly version?: string
  readonly license?: string
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly optional?: boolean
  readonly hasInstallScript?: boolean
  readonly integrity?: string
}

export interface Package {
  readonly name: string
  /** Its folder, from the project's root. */
  readonly folder: string
  readonly version: string
  /** SPDX; null: none is named. */
  readonly licence: string | null
  readonly hasInstallScript: boolean
  readonly integrity: string | null
  /** Only for building and testing. */
  readonly isDev: boolean
}

/** Every package that `npm ci` may install. */
export function lockedPackages(): readonly Package[] {
  const text = readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')
  const { packages } = JSON.parse(text) as { packages: Readonly<Record<string, Locked>> }
  return Object.entries(packages)
    .filter(([folder]) => folder !== '')
    .map(([folder, { version = '', license, dev, devOptional, hasInstallScript, integrity }]) => ({
      name: folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length),
      folder,
      version,
      licence: license ?? null,
      hasInstallScript: hasInstallScript === true,
      integrity: integrity ?? null,
      isDev: dev === true || devOptional === true,
    }))
}

/** The page's text. */
export function licencesPage(): string {
  const all = lockedPackages()
  const running = all.filter(({ isDev }) => !isDev)
  const rows = running.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence ?? 'none named'} |`)
  return `# Licences

What runs with the daemon: its ${rows.length} packages, direct and through others, as package-lock.json pins them. Written by
\`npm run docs:licences\`; a test holds it to the lock file. \`@photostructure/sqlite\` carries SQLite, which is in the public domain.

| licence | packages |
| --- | --- |
${counted(running)}

For building and testing only, and not in \`npm ci --omit=dev\`: ${all.length - running.length} packages.

| package | version | licence |
| --- | --- | --- |
${rows.sort().join('\n')}
`
}

function counted(packages: readonly Package[]): string {
  const counts = new Map<string, number>()
  for (const { licence } of packages) {
    const name = licence ?? 'none named'
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([licence, count]) => `| ${licence} | ${count} |`)
    .join('\n')
}

if (process.argv[1]?.endsWith('licences.ts')) {
  await writeFile(new URL('../docs/licences.md', import.meta.url), licencesPage())
}
