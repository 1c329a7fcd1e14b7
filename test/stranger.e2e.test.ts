// The public types in a stranger's project: they compile with every library checked, and a mistake is found. The tarball itself is
// installed by `npm run package`.
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { compileAsStranger } from '../testbed/stranger.js'

const root = fileURLToPath(new URL('..', import.meta.url))

const wrong = `import { Patient } from 'notification-protocol'
export const name: string = new Patient('key', []).first_name
`

test('protocols compile in a strict project that checks its libraries, by node16 and by bundler', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'notifyd-stranger-'))
  try {
    await mkdir(join(folder, 'node_modules'))
    await symlink(root, join(folder, 'node_modules', 'notification-protocol'))
    // Nothing but the mistake: so what is looked at is looked at, and all else is right.
    const found = await compileAsStranger(folder, { 'wrong.ts': wrong })
    const complaint = /^(?:node16|bundler): protocols\/wrong\.ts\(2,52\): error TS2339: .*'first_name'.*$/
    expect(found).toEqual([expect.stringMatching(complaint), expect.stringMatching(complaint)])
  } finally {
    await rm(folder, { recursive: true })
  }
})
