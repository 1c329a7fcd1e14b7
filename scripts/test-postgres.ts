// `npm run test:postgres -- 14`: every test that has a PostgreSQL, on that major. Without a number: on all of them.
import { spawnSync } from 'node:child_process'
import { majors, nativeOf } from '../testbed/majors.js'

const asked = process.argv.slice(2).map(Number)
const wanted = majors.filter((major) => asked.length === 0 || asked.includes(major))
if (wanted.length === 0) {
  process.stderr.write(`expected majors out of ${majors.join(', ')}\n`)
  process.exit(2)
}
for (const major of wanted) {
  process.stdout.write(`PostgreSQL ${(await nativeOf(major)).version}\n`)
  const env = { ...process.env, NOTIFYD_TEST_POSTGRES: String(major) }
  const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'pg', '--project', 'e2e'], {
    stdio: 'inherit',
    env,
  })
  if (status !== 0) process.exit(1)
}
