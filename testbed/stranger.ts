// A project of somebody who writes protocols: strict, the libraries' types checked too, by each way of finding a module. In: where
// `notification-protocol` is installed. Out: what the compiler says.
import { execFile } from 'node:child_process'
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')

const compilerOptions = {
  noEmit: true,
  strict: true,
  target: 'es2022',
  skipLibCheck: false,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  types: [],
}

/** What `moduleResolution` goes with which `module`. */
const resolutions = [
  ['node16', 'node16'],
  ['bundler', 'esnext'],
] as const

/**
 * @param folder has `node_modules/notification-protocol`; the examples are copied into it
 * @returns each complaint, with its `moduleResolution`; none: they compile
 */
export async function compileAsStranger(
  folder: string,
  further: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const examples = join(root, 'examples', 'protocols')
  const sources = join(folder, 'protocols')
  await mkdir(sources, { recursive: true })
  for (const file of await readdir(examples)) {
    if (file.endsWith('.ts')) await copyFile(join(examples, file), join(sources, file))
  }
  for (const [file, text] of Object.entries(further)) await writeFile(join(sources, file), text)
  await writeFile(join(folder, 'package.json'), '{ "type": "module", "private": true }')
  const told = await Promise.all(
    resolutions.map(async ([moduleResolution, module]) => {
      const config = join(folder, `tsconfig.${moduleResolution}.json`)
      const options = { ...compilerOptions, module, moduleResolution }
      await writeFile(config, JSON.stringify({ compilerOptions: options, include: ['protocols'] }))
      return new Promise<string[]>((resolve) => {
        execFile(process.execPath, [tsc, '-p', config], { cwd: folder }, (error, out) => {
          if (error === null) return resolve([])
          resolve([`${moduleResolution}: ${out.trim() === '' ? error.message : out.trim()}`])
        })
      })
    }),
  )
  return told.flat()
}
