// Reads the journal that it is given, as whatever user it is run as, and prints how that ended.
import { readJournal } from '../../src/terminal/read-journal.js'

await readJournal(process.argv[2] ?? '', () => undefined).then(
  () => process.stdout.write('read'),
  (error: unknown) => process.stdout.write(error instanceof Error ? `${error.name}: ${error.message}` : 'unknown'),
)
