// Bundles the program with its dependencies into dist/, in chunks that the entries share: a start reads some forty files
// instead of a thousand, which is half of its time. Unminified, so that a stack trace can be read; `tsc` writes the types of
// the public API beside it.
import { rm } from 'node:fs/promises'
import { build } from 'esbuild'

await rm(new URL('../dist/', import.meta.url), { recursive: true, force: true })
await build({
  entryPoints: ['cli', 'index', 'compute/worker', 'journal/quick-check-process'].map((name) => `src/${name}.ts`),
  outbase: 'src',
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // What reads files of its own at run time, and what is only asked whether it is there.
  external: ['@photostructure/sqlite', 'jiti', 'pg-native'],
  // Dependencies that are CommonJS ask for Node's own modules by require().
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'\nconst require = requireFrom(import.meta.url)",
  },
  logLevel: 'warning',
})
