// The architecture's rules as functions. In: source files, path → text. Out: a line for each breach, none where the rule
// is kept. They read text, not a syntax tree: the formatter keeps imports in the one shape that they know.
import { posix } from 'node:path'

/** Path from the project's root, with slashes → text. */
export type Sources = Readonly<Record<string, string>>

/** The folders of src in the order of the walk; a file imports from its own folder or from one before it. */
export const folders = ['base', 'capture', 'change', 'compute', 'journal', 'send', 'status', 'terminal']

/** The only files of src that may import these. */
export const soleImporters: Readonly<Record<string, readonly string[]>> = {
  'pg-logical-replication': ['src/capture/decode.ts', 'src/capture/replication-stream.ts'],
  undici: ['src/send/post.ts'],
  'node:sqlite': ['src/journal/sqlite-driver.ts'],
  '@photostructure/sqlite': ['src/journal/sqlite-driver.ts'],
}

const importPattern =
  /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\b(?:import|require)\(\s*['"]([^'"]+)['"]/gm

/** What a file imports, re-exports included, whether at the head, for its effect or when asked. */
export const importsOf = (text: string): string[] =>
  [...text.matchAll(importPattern)].map(([, from, effect, late]) => from ?? effect ?? late ?? '')

const folderOf = (path: string): string | null => /^src\/([^/]+)\//.exec(path)?.[1] ?? null

/** The breaches of every file of src, as `path: what`. */
const inSrc = (sources: Sources, breachesOf: (path: string, text: string) => string[]): string[] =>
  Object.entries(sources)
    .filter(([path]) => path.startsWith('src/'))
    .flatMap(([path, text]) => breachesOf(path, text).map((breach) => `${path}: ${breach}`))

/** Imports point up the listing; no folder imports a root file. */
export const importsDownTheListing = (sources: Sources): string[] =>
  inSrc(sources, (path, text) => {
    const folder = folderOf(path)
    if (folder === null) return []
    if (!folders.includes(folder)) return [`the folder ${folder} has no place in the listing`]
    return relativeImports(path, text)
      .filter(({ target }) => {
        const other = folderOf(target)
        return other === null || folders.indexOf(other) > folders.indexOf(folder)
      })
      .map(({ specifier }) => `imports ${specifier}`)
  })

/** Relative imports stay in src and end with .js. */
export const strayImports = (sources: Sources): string[] =>
  inSrc(sources, (path, text) =>
    relativeImports(path, text)
      .filter(({ specifier, target }) => !specifier.endsWith('.js') || !target.startsWith('src/'))
      .map(({ specifier }) => `imports ${specifier}`),
  )

const relativeImports = (path: string, text: string) =>
  importsOf(text)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => ({ specifier, target: posix.join(posix.dirname(path), specifier) }))

/** A package that has one importer is imported nowhere else. */
export const secondImporters = (sources: Sources): string[] =>
  inSrc(sources, (path, text) =>
    importsOf(text)
      .filter((specifier) => {
        const name = Object.keys(soleImporters).find((one) => specifier === one || specifier.startsWith(`${one}/`))
        return name !== undefined && soleImporters[name]?.includes(path) === false
      })
      .map((specifier) => `imports ${specifier}`),
  )

/** No file re-exports another one whole, and index.ts is at the root only. */
export const barrels = (sources: Sources): string[] =>
  inSrc(sources, (path, text) => [
    ...(/^\s*export\s*\*/m.test(text) ? ['has export *'] : []),
    ...(path.endsWith('/index.ts') && path !== 'src/index.ts' ? ['is an index'] : []),
  ])

/** `any`, and a cast through `unknown`, which is the same. */
export const untyped = (sources: Sources): string[] =>
  inSrc(sources, (_path, text) => {
    const code = text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '')
    return [...code.matchAll(/(?:[:<|&,=]\s*|\bas\s+)any\b(?!\s*[:(])|\bas unknown as\b/g)].map(
      ([found]) => `has "${found}"`,
    )
  })

export const lineCount = (text: string): number => text.replace(/\n$/, '').split('\n').length

export const longFiles = (sources: Sources, limit: number): string[] =>
  Object.entries(sources)
    .filter(([, text]) => lineCount(text) > limit)
    .map(([path, text]) => `${path}: has ${lineCount(text)} lines`)

export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
}

/** Tests that would not run, or alone. */
export const unrunTests = (sources: Sources): string[] =>
  Object.entries(sources)
    .filter(([path]) => path.startsWith('test/'))
    .flatMap(([path, text]) =>
      [...text.matchAll(/\b(?:test|it|describe|suite)(?:\.\w+)*\.(?:only|skip|skipIf|runIf|todo|fails)\b/g)].map(
        ([found]) => `${path}: has ${found}`,
      ),
    )
