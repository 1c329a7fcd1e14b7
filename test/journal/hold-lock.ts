// Takes the lock of the journal that the argument names, says so, and holds it until the process is killed.
import { JournalLock } from '../../src/journal/lock.js'

const lock = JournalLock.tryTake(process.argv[2] ?? '')
if (lock === null) throw new Error('somebody else holds it')
process.stdout.write('held\n')
setInterval(() => lock, 60_000)
