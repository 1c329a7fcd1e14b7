// Writes docs/commands.md from real runs: a PostgreSQL, the daemon, a receiver that fails for a while, and each command's
// screen; the shapes are those that the tests hold --json to. npm run docs:commands
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import type * as z from 'zod'
import { frontDeskPath, setTheStage } from '../demo/stage.js'
import * as shapes from '../test/terminal/shapes.js'
import { accept, answer } from '../testbed/behaviour.js'
import { Clinic } from '../testbed/clinic.js'
import { applyClinicalSchema, createDaemonRole, daemonRole } from '../testbed/clinical-schema.js'
import { makeHome, spawnNotifyd } from '../testbed/daemon.js'
import { startPostgres } from '../testbed/postgres.js'
import { UndoStack } from '../testbed/undo-stack.js'
import { shapeOf } from './shape-text.js'

const root = fileURLToPath(new URL('..', import.meta.url))

interface Page {
  readonly title: string
  readonly says: string
  readonly args: readonly string[]
  readonly shown?: string
  /** Run first, on a database that has the clinic's tables and nothing of ours; `$ADMIN_URL` is its owner's. */
  readonly before?: readonly (readonly string[])[]
  /** `args` are run there too. */
  readonly isBare?: boolean
  readonly shape: z.ZodType
  readonly shapeNote?: string
}

async function run(args: readonly string[], cwd: string): Promise<string> {
  const env = { PATH: process.env['PATH'] ?? '' }
  const child = spawn(process.execPath, [`${root}dist/cli.js`, ...args], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return `${out}${err}`.trimEnd()
}

/** The state that the screens show: something delivered, retried, dead, waiting, not told. */
async function screens(pages: (facts: { lsn: string }) => readonly Page[]): Promise<string[]> {
  await using undo = new UndoStack()
  const stage = undo.use(await setTheStage())
  const [scheduling, desk] = stage.config['endpoints'] as Record<string, unknown>[]
  const port = 20_000 + (process.pid % 20_000)
  const home = undo.use(
    await makeHome({
      ...stage.config,
      endpoints: [scheduling, { ...desk, notifications: ['created'], retry_seconds: [1, 3600] }],
      journal: { url: './data/journal.db' },
      http: { port },
    }),
  )
  stage.receiver.program(frontDeskPath, [answer(503), accept, answer(410), answer(404), answer(404)])
  const clinic = new Clinic(stage.client, { seed: 42 })
  await clinic.admit()
  // Nobody knows what it was when somebody takes the identity away for a moment: a gap of one row.
  await clinic.book()
  const daemon = undo.use(spawnNotifyd(home))
  await daemon.line('streaming')
  await stage.client.query(`
    BEGIN; ALTER TABLE appointment REPLICA IDENTITY DEFAULT; UPDATE appointment SET start_time = start_time + interval '1 hour';
    ALTER TABLE appointment REPLICA IDENTITY FULL; COMMIT`)
  const first = await clinic.book()
  await daemon.line(({ msg, endpoint }) => msg === 'notification delivered' && endpoint === 'front-desk')
  await clinic.book()
  await daemon.line('notification dead')
  await clinic.book()
  // It waits for an hour now.
  await daemon.line(
    ({ msg, attempt, endpoint }) => msg === 'notification failed' && endpoint === 'front-desk' && attempt === 2,
  )
  await clinic.cancel(first.booking)
  const { lsn } = await daemon.line(
    ({ msg, notification }) => msg === 'notification delivered' && notification === 'cancelled',
  )
  const bare = undo.use(await bareDatabase(stage.config))
  const screenOf = async (cwd: string, args: readonly string[], shown = args.join(' ')) => {
    const given = args.map((arg) => (arg === '$ADMIN_URL' ? bare.adminUrl : arg))
    const out = (await run(given, cwd)).replaceAll(`${cwd}/`, '').replaceAll(root, '')
    const lines = out.split('\n')
    const screen = lines.length > 40 ? [...lines.slice(0, 40), '…'].join('\n') : out
    return `\`\`\`\n$ notifyd ${shown.replace('$ADMIN_URL', '"$&"')}\n${screen}\n\`\`\``
  }
  const sections: string[] = []
  for (const { title, says, args, shown, before = [], isBare = false, shape, shapeNote } of pages({
    lsn: String(lsn),
  })) {
    const screens: string[] = []
    for (const earlier of before) screens.push(await screenOf(bare.home.path, earlier))
    screens.push(await screenOf(isBare ? bare.home.path : home.path, args, shown))
    const json = `\`--json\`${shapeNote ?? ''}:\n\n\`\`\`ts\n${shapeOf(shape)}\n\`\`\``
    sections.push([`## ${title}`, says, ...screens, json].join('\n\n'))
  }
  await daemon.stop()
  return sections
}

async function bareDatabase(config: Readonly<Record<string, unknown>>) {
  await using undo = new UndoStack()
  const postgres = undo.use(await startPostgres())
  const adminUrl = await postgres.createDatabase('clinic')
  const client = new pg.Client(adminUrl)
  await client.connect()
  await createDaemonRole(client, 'of the page')
  await applyClinicalSchema(client, ['schema'])
  await client.end()
  const url = postgres.urlFor(daemonRole, 'of the page', 'clinic')
  const home = undo.use(await makeHome({ ...config, database: { url }, journal: { url: './data/journal.db' } }))
  const resources = undo.move()
  return { adminUrl, home, [Symbol.asyncDispose]: () => resources[Symbol.asyncDispose]() }
}

const list = ({ lsn }: { lsn: string }): Page[] => [
  {
    title: 'check',
    says: 'Every precondition as a row: ✓ it is so, ! the daemon runs but look, ✗ it does not start. It changes nothing; `--send-test` POSTs a signed notification `test` to each endpoint. Exit 0, or 3 with a ✗. `start` says what `run` would do: make the slot, go on, or halt at a gap. The first screen is of a database that nobody has prepared.',
    before: [['check']],
    args: ['check', '--send-test'],
    shape: shapes.checkShape,
  },
  {
    title: 'setup',
    says: 'Makes publication and replica identity with the URL of the config or of `--database-url`, or prints them (`--print-sql`) with the daemon’s role and its grants, for a DBA to read and run. What is there already is left out. It refuses what would make the application’s writes fail. `--undo` removes the slot and the publication, and gives tables the replica identity that they had before `setup` changed it (the publication’s comment keeps it); the daemon must be stopped. After its work it ends with what `check` would still fail, all of it.',
    before: [
      ['setup', '--print-sql'],
      ['setup', '--database-url', '$ADMIN_URL'],
    ],
    args: ['setup', '--undo', '--database-url', '$ADMIN_URL'],
    isBare: true,
    shape: shapes.setupShape,
  },
  {
    title: 'status',
    says: 'From the daemon, the server and the journal; one that does not answer hides no other. `received` is the end of WAL as the stream last told it; an endpoint’s last error is that of the newest attempt of what waits or is dead.',
    args: ['status'],
    shape: shapes.statusShape,
  },
  {
    title: 'tail',
    says: 'The POSTs that were made, the newest last; `--follow` goes on until Ctrl-C. `--endpoint`, `--notification` and `--appointment` narrow it, and `--from` and `--to`: an LSN is of the commit, a time (`2026-11-24T08:00-05:00`, `2h`) of the POST. On a terminal a line is as wide as the terminal is; a pipe gets all of it. A name that nobody configured or journaled is exit 2, here and everywhere, with the nearest one.',
    args: ['tail'],
    shape: shapes.disclosureShape,
    shapeNote: ', an object a line',
  },
  {
    title: 'explain',
    says: 'A commit (LSN), a notification (webhook id) or an appointment (its external id, exactly as it is; what could act on a terminal is printed as an escape): what arrived, what each protocol made of it, every attempt, replays too. Names of columns, never their values.',
    args: ['explain', lsn],
    shape: shapes.explainShape,
  },
  {
    title: 'audit',
    says: 'The disclosure log of a period as CSV: an attempt a row, replays too, written in the transaction that settles it, never changed (a trigger of the journal refuses it), and kept for `journal.audit_days`. `--from` and `--to` are times with their zone, or dates in UTC; `--to` itself is not included. An attempt whose end nobody knows (the daemon was killed meanwhile) has no row; the one that repeats it, under the same id, has.',
    args: ['audit', '--from', '2026-01-01'],
    shape: shapes.disclosureShape,
    shapeNote: ', an object a line',
  },
  {
    title: 'retry',
    says: 'What waits for its retry is tried now, within each endpoint’s concurrency and after its Retry-After: `--endpoint`, `--appointment` (an external id) or `--all`. An attempt before its time uses up no step of the schedule. Dead letters wait for nothing: see the next section.',
    args: ['retry', '--all'],
    shape: shapes.retryShape,
  },
  {
    title: 'dead-letters',
    says: '`list`, `retry` and `discard`: what the retries could not deliver. `retry` and `discard` take a webhook id, `--endpoint`, `--before` or `--all`.',
    args: ['dead-letters', 'list'],
    shape: shapes.deadLettersShape,
    shapeNote: ' of `list` (the others: `{ done: number, accepted: string[] }`)',
  },
  {
    title: 'replay',
    says: 'A range of commits again, under the same ids, from and to an LSN or a time of commit (`2026-11-24T08:00-05:00`, `2h`); or one notification by its webhook id (`replay msg_…`). `--dry-run` says what would be sent.',
    args: ['replay', '--from', lsn],
    shape: shapes.replayedShape,
  },
  {
    title: 'gaps',
    says: '`list`: what is missing, from where to where, and behind that gaps of one row: appointments whose update could not be told (`--limit`, those that wait first); `accept`: go on behind what halts the stream, or accept what is named (`3`, `row-12`, an LSN); `--rows` accepts every gap of one row that is there now.',
    args: ['gaps', 'list'],
    shape: shapes.listedGapsShape,
    shapeNote: ' of `list` (`accept`: `{ done: number }`)',
  },
  {
    title: 'example',
    says: 'The exact request of a notification, headers and body, as a receiver gets it: of nobody real. Without `--endpoint` it is signed with a secret that everybody knows, and no config is needed.',
    args: ['example', 'cancelled'],
    shape: shapes.exampleShape,
  },
  {
    title: 'trigger',
    says: 'POSTs such an example to an endpoint of the config, signed, once: with the header `notification-test: true`, without a sequence number, under an id that begins with `msg_test_`. It is in no journal and no disclosure log. Exit 1 when it is not answered with a 2xx.',
    args: ['trigger', 'cancelled', '--endpoint', 'scheduling'],
    shape: shapes.triggeredShape,
  },
  {
    title: 'listen',
    says: 'A receiver to try things against, until Ctrl-C: it verifies what comes with the secrets of the config (without a config: with that of `example`), prints a line for each POST, says when one was seen before or when sequence numbers before it have not come, and answers 204, or 401 where no secret vouches. `--refuse 503` answers so instead, `--times 3` only the first three. Plain HTTP on 127.0.0.1 unless `--host` says otherwise; payloads are printed only with `--show-payloads`, because of a real clinic they are data of real patients.',
    args: ['listen', '--help'],
    shape: shapes.receivedShape,
    shapeNote: ', an object a line for each POST',
  },
  {
    title: 'backup',
    says: 'A whole copy of the journal, of one moment, mode 0600, beside a running daemon or without one; it waits for nobody, and holds nobody up. A file that is there is not overwritten. What a copy is worth: [operations.md](operations.md#backup).',
    args: ['backup', 'journal-copy.db'],
    shape: shapes.backupShape,
  },
  {
    title: 'protocols list',
    says: 'Those that the config names, or those of files that it is given.',
    args: ['protocols', 'list'],
    shape: shapes.listedProtocolShape,
  },
  {
    title: 'protocols test',
    says: 'A protocol over examples, or with `--journal` over what was journaled, held against what is expected: see [protocols.md](protocols.md#try-it). It sends nothing. Exit 1 on a difference; where nothing is expected yet, when a compute failed.',
    args: ['protocols', 'test', `${root}examples/protocols/no-show-handler.ts`],
    shown: 'protocols test examples/protocols/no-show-handler.ts',
    shape: shapes.protocolTestShape,
    shapeNote: ', an object a line for each file',
  },
]

const head = `# Commands

Screens from real runs, written by \`npm run docs:commands\`. Every command takes \`--config\` (default \`./config.json\`) and \`--json\`,
and answers \`--help\` with an example. Results go to stdout, everything else to stderr; colours only on a terminal, and not with
NO_COLOR. The shapes are those that the tests hold \`--json\` to. \`notifyd run\` is the daemon: see the README.`

await writeFile(`${root}docs/commands.md`, `${[head, ...(await screens(list))].join('\n\n')}\n`)
