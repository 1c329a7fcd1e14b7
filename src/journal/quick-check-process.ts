// The process of quick-check.ts: a journal's path as its argument, the first finding as JSON on stdout. It gives way to others.
import { setPriority } from 'node:os'
import { firstFinding } from './quick-check.js'

setPriority(10)
process.stdout.write(JSON.stringify(firstFinding(process.argv[2] ?? '')))
