// `notifyd example`, `trigger` and `listen`: what the first prints is what is POSTed, to the byte; what the second sends is marked and
// verified by the third, which shows no payload unless it is asked to, finds a hole, and refuses when it is told to.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { notificationNames } from '../../src/compute/appointment-notification.js'
import { Poster } from '../../src/send/post.js'
import { exampleEndpoint, exampleRequest, exampleSecret, requestText } from '../../src/terminal/example-request.js'
import { receive, receivedLine, Taken } from '../../src/terminal/received.js'
import { makeHome, spawnNotifyd } from '../../testbed/daemon.js'
import { until } from '../support/condition.js'
import { exampleShape, linesOf, receivedShape, triggeredShape } from './shapes.js'

const policy = { allowHttp: false, allowHosts: [], allowCidrs: [] }
const reached = { tls: null, proxy: null, concurrency: 1, timeoutMs: 5_000, enabled: true, retrySeconds: [] }

test('an example is the request to the byte, its signature holds, and its payload is the source document’s', async () => {
  const raw: Buffer[] = []
  const server = createServer((socket) => {
    socket.on('data', (piece) => {
      raw.push(piece)
      socket.write('HTTP/1.1 204 No Content\r\n\r\n')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/appointments?x=1`
  const endpoint = { ...exampleEndpoint, ...reached, url }
  const example = exampleRequest('cancelled', endpoint, 'notifyd/0', new Date())
  const { host: _, connection: __, 'content-length': ___, ...given } = example.headers
  const poster = new Poster({ endpoint, target: { configured: true }, policy })
  await poster.post('/appointments?x=1', Object.entries(given).flat(), example.body)
  await poster.close()
  server.close()
  const [head = '', body] = requestText(example).trimEnd().split('\n\n')
  expect(Buffer.concat(raw).toString()).toBe(`${head.replaceAll('\n', '\r\n')}\r\n\r\n${body}`)

  for (const notification of notificationNames) {
    const { headers, body } = exampleRequest(notification, exampleEndpoint, 'notifyd/0', new Date())
    expect(new Webhook(exampleSecret).verify(body, headers)).toMatchObject({ [notification]: true })
  }
  const secret = { ...exampleEndpoint, headers: { authorization: 'Bearer of-the-config' } }
  expect(requestText(exampleRequest('created', secret, 'notifyd/0', new Date()))).not.toContain('of-the-config')
})

test('what is triggered is verified, marked, and refused when that is asked for; a hole and a stranger are told; payloads are not shown', async () => {
  const secret = `whsec_${randomBytes(24).toString('base64')}`
  const config = (url: string) => ({
    database: { url: 'postgres://nobody@127.0.0.1:1/none' },
    endpoints: [
      { name: 'scheduling', url, secrets: [secret] },
      { name: 'closed', url, enabled: false },
    ],
  })
  await using home = await makeHome(config('http://127.0.0.1:1/hook'))
  await using listener = spawnNotifyd(home, ['listen', '--port', '0', '--json', '--refuse', '503', '--times', '1'])
  await using screen = spawnNotifyd(home, ['listen', '--port', '0', '--show-payloads'])
  const urlOf = (text: string) => /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(text)?.[1] ?? ''
  await until(() => urlOf(listener.stderr) !== '' && urlOf(screen.stderr) !== '')
  await home.configure(config(`${urlOf(listener.stderr)}/hook`))
  const run = async (...args: string[]) => {
    const command = spawnNotifyd(home, args)
    const { status } = await command.exited
    return { status, out: command.stdout, err: command.stderr }
  }
  const triggered = await run('trigger', 'cancelled', '--endpoint', 'scheduling', '--json')
  expect(triggered.status).toBe(1)
  expect(triggeredShape.parse(JSON.parse(triggered.out))).toMatchObject({ status: 503, error: 'http 503' })
  const again = await run('trigger', 'cancelled', '--endpoint', 'scheduling')
  expect(again).toMatchObject({
    status: 0,
    out: expect.stringMatching(/^cancelled → scheduling as msg_test_\S+, a test: answered 204\n$/),
  })
  expect(await run('trigger', 'cancelled', '--endpoint', 'sheduling')).toMatchObject({
    status: 2,
    err: expect.stringContaining('did you mean scheduling?'),
  })

  const example = await run('example', 'no_show', '--endpoint', 'scheduling', '--json')
  const { headers, body, url } = exampleShape.parse(JSON.parse(example.out))
  const { host: _, connection: __, 'content-length': ___, ...first } = headers
  const signed = (id: string, sequence: string, key = secret) => {
    const at = new Date()
    return {
      ...first,
      'webhook-id': id,
      'notification-sequence': sequence,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(key).sign(id, at, body),
    }
  }
  const send = async (to: string, given: Record<string, string>, text = body) =>
    (await fetch(to, { method: 'POST', headers: given, body: text })).status
  expect(await send(url, first)).toBe(204)
  expect(await send(url, first)).toBe(204)
  expect(await send(url, signed('msg_3', '3'))).toBe(204)
  expect(await send(url, signed('msg_4', '4', exampleSecret))).toBe(401)
  expect(await send(url, signed('msg_5', '4'), `${body} `)).toBe(401)
  expect(await send(url, { ...first, 'webhook-timestamp': '1' })).toBe(401)
  expect((await fetch(url)).status).toBe(405)
  expect(await send(`${urlOf(screen.stderr)}/hook`, signed('msg_6', '1'))).toBe(204)
  await Promise.all([listener.stop(), screen.stop()])

  const received = linesOf(receivedShape, listener.stdout)
  const isPlain = { problem: null, test: false, again: false, missing: null }
  const told = received.map(({ answered, problem, test, again, missing }) => ({
    answered,
    problem,
    test,
    again,
    missing,
  }))
  expect(told).toEqual([
    { ...isPlain, answered: 503, test: true },
    { ...isPlain, answered: 204, test: true },
    { ...isPlain, answered: 204 },
    { ...isPlain, answered: 204, again: true },
    { ...isPlain, answered: 204, missing: { from: 2, to: 2 } },
    { ...isPlain, answered: 401, problem: 'signed with another secret, or altered' },
    { ...isPlain, answered: 401, problem: 'signed with another secret, or altered' },
    { ...isPlain, answered: 401, problem: 'signed more than five minutes from now', again: true },
  ])
  const key = '06669a76329f4577bea114bc50072da6'
  expect([body, screen.stdout].map((text) => text.includes(key))).toEqual([true, true])
  expect(`${listener.stdout}${listener.stderr}${again.out}${triggered.out}`).not.toContain(key)
  expect(screen.stdout).toMatch(/ {2}✓ {2}no_show {2}#1 {2}msg_6 {2}e999b5c7\S+ {2}answered 204\n {2}\{/)
  expect((await Promise.all([listener.exited, screen.exited])).map(({ status }) => status)).toEqual([0, 0])
})

test('what a stranger sends does nothing to the terminal', () => {
  const judging = { secrets: [exampleSecret], taken: new Taken(), showPayloads: true, answer: () => 204 }
  const raw = Buffer.from('{"appointment_external_id":"\\u001b[2J"}\u001b[2J\n✓ created')
  const line = receivedLine(receive({ 'notification-type': 'created\u202e' }, '/', raw, judging))
  expect(line).toContain('✗ not signed  created\\u202e')
  expect(line).toContain('\\x1b[2J\\n✓ created')
  expect(/\p{Cf}|(?!\n)\p{Cc}/u.test(line)).toBe(false)
})
