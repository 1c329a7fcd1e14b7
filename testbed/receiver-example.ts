// One of examples/receivers/ put to the test. In: how it is started. Out: what it said, line by line, to POSTs that are signed, altered,
// old, sent again, a test, and out of their sequence. Ends what it started.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Signer } from '../src/send/signature.js'
import { exampleEndpoint, exampleRequest } from '../src/terminal/example-request.js'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What each of them has to say. */
export const expectedLines: readonly string[] = [
  'take cancelled',
  'again',
  'take no_show',
  'missing 2',
  'missing 3',
  'take created',
  'found 2',
  'test',
  'refused',
  'refused',
  'refused',
]

const expectedStatuses = [204, 204, 204, 204, 204, 401, 401, 401]

/** @param command from the project's root @throws Error where it does not start, or answers otherwise. */
export async function trialOf(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const [file = '', ...args] = command
  const secret = `whsec_${randomBytes(24).toString('base64')}`
  const given = { ...process.env, ...env, WEBHOOK_SECRET: secret, PORT: '0' }
  const child = spawn(file, args, { cwd: root, env: given, stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  const lines: string[] = []
  try {
    const started = once(child, 'spawn')
    const reader = createInterface({ input: child.stdout })
    const ended = once(reader, 'close')
    const listening = new Promise<string>((resolve) => {
      reader.on('line', (line) => {
        const [, port] = /^listening (\d+)$/.exec(line) ?? []
        if (port === undefined) lines.push(line)
        else resolve(port)
      })
    })
    await started
    const port = await Promise.race([listening, ended.then(() => null)])
    if (port === null) throw new Error(`${command.join(' ')} ended before it listened`)
    const statuses = await sendAll(`http://127.0.0.1:${port}/`, secret)
    if (String(statuses) !== String(expectedStatuses)) throw new Error(`it answered ${statuses}`)
    end(child.pid)
    await ended
    return lines
  } finally {
    end(child.pid)
  }
}

/** `go run` and `tsx` have a child of their own: the group is ended, and it is ours alone. */
function end(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

async function sendAll(url: string, secret: string): Promise<number[]> {
  const statuses: number[] = []
  const send = async (
    notification: 'cancelled' | 'no_show' | 'created',
    own: { id: string; sequence?: string; secret?: string; at?: Date; isTest?: boolean; altered?: string },
  ) => {
    const { headers, body } = exampleRequest(notification, exampleEndpoint, 'notifyd', new Date())
    const { host: _, connection: __, 'content-length': ___, 'notification-sequence': ____, ...rest } = headers
    const signed: string[] = []
    new Signer([`whsec_${randomBytes(24).toString('base64')}`, own.secret ?? secret]).addHeaders(
      signed,
      own.id,
      own.at ?? new Date(),
      body,
    )
    const trio = Object.fromEntries(signed.flatMap((name, at) => (at % 2 === 0 ? [[name, signed[at + 1] ?? '']] : [])))
    const marks = {
      ...(own.sequence !== undefined && { 'notification-sequence': own.sequence }),
      ...(own.isTest === true && { 'notification-test': 'true' }),
    }
    const answer = await fetch(url, {
      method: 'POST',
      headers: { ...rest, ...trio, ...marks },
      body: body + (own.altered ?? ''),
    })
    statuses.push(answer.status)
  }
  await send('cancelled', { id: 'msg_1', sequence: '1' })
  await send('cancelled', { id: 'msg_1', sequence: '1' })
  await send('no_show', { id: 'msg_4', sequence: '4' })
  await send('created', { id: 'msg_2', sequence: '2' })
  await send('cancelled', { id: 'msg_test_5', isTest: true })
  await send('cancelled', { id: 'msg_6', sequence: '6', altered: ' ' })
  await send('cancelled', { id: 'msg_7', secret: `whsec_${randomBytes(24).toString('base64')}` })
  await send('cancelled', { id: 'msg_8', at: new Date(Date.now() - 3_600_000) })
  return statuses
}
