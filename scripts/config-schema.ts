// Writes config.schema.json, which editors read, from the schema that the daemon reads: npx tsx scripts/config-schema.ts
import { writeFile } from 'node:fs/promises'
import { schemaText } from '../src/config.js'

await writeFile(new URL('../config.schema.json', import.meta.url), schemaText())
