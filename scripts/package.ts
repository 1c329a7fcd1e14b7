// What somebody gets who has the tarball: a fresh clone is packed, the tarball installed, the program run, and its public types
// compiled in a project of their own. npm run package
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileAsStranger } from '../testbed/stranger.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = await mkdtemp(join(tmpdir(), 'notifyd-package-'))
const say = (text: string) => process.stdout.write(`${text}\n`)
const run = (cwd: string, file: string, ...args: string[]): string =>
  execFileSync(file, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

try {
  const clone = join(folder, 'clone')
  run(folder, 'git', 'clone', '--quiet', root, clone)
  run(clone, 'npm', 'ci', '--silent')
  const packed = run(clone, 'npm', 'pack', '--silent').trim()
  const tarball = join(clone, packed.split('\n').at(-1) ?? '')
  const listed = run(clone, 'tar', 'tzf', tarball).split('\n')
  const needed = ['dist/cli.js', 'docs/operations.md', 'deploy/install.sh', 'examples/protocols/waitlist-offer.ts']
  const missing = needed.filter((file) => !listed.includes(`package/${file}`))
  if (missing.length > 0) throw new Error(`the tarball lacks ${missing.join(', ')}`)
  say(`${packed}: ${listed.length - 1} files, of a fresh clone`)

  const prefix = join(folder, 'prefix')
  run(folder, 'npm', 'install', '--silent', '--global', '--prefix', prefix, tarball)
  const notifyd = join(prefix, 'bin', 'notifyd')
  say(`npm i -g: notifyd ${run(folder, notifyd, '--version').trim()}`)
  const installed = join(prefix, 'lib', 'node_modules', 'notification-protocol')
  for (const file of await readdir(join(installed, 'examples', 'protocols'))) {
    if (file.endsWith('.ts')) run(folder, notifyd, 'protocols', 'test', join(installed, 'examples', 'protocols', file))
  }
  say('its examples make what is expected of them')

  const service = join(folder, 'service')
  execFileSync(join(installed, 'deploy', 'install.sh'), {
    env: { ...process.env, DESTDIR: service },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  run(folder, process.execPath, join(service, 'opt', 'notifyd', 'dist', 'cli.js'), 'example', 'cancelled')
  run(folder, 'sh', '-n', join(service, 'usr', 'local', 'bin', 'notifyd'))
  say('deploy/install.sh lays the service out, and its program runs')

  const stranger = join(folder, 'stranger')
  await mkdir(stranger)
  run(stranger, 'npm', 'install', '--silent', '--no-save', tarball)
  const complaints = await compileAsStranger(stranger)
  if (complaints.length > 0) throw new Error(complaints.join('\n'))
  say('its types compile in a strict project, skipLibCheck false, moduleResolution node16 and bundler')
} finally {
  await rm(folder, { recursive: true, force: true })
}
