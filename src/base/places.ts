// Where the program's own files are, from the sources and from the bundle alike: beside the nearest package.json.
import { existsSync } from 'node:fs'

function packageRoot(): URL {
  let folder = new URL('./', import.meta.url)
  while (!existsSync(new URL('package.json', folder)) && folder.pathname !== '/') folder = new URL('../', folder)
  return folder
}

const root = packageRoot()

/** @param path of a file of the package, from its root: `dist/compute/worker.js`, `migrations/journal/sqlite/` */
export const packageFile = (path: string): URL => new URL(path, root)
