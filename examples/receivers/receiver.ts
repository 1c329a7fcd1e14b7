// A receiver of notifyd's notifications: it verifies, takes each notification once, and sees a hole. Node alone, no package.
//   WEBHOOK_SECRET=whsec_… PORT=8090 npx tsx examples/receivers/receiver.ts
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const secret = Buffer.from((process.env['WEBHOOK_SECRET'] ?? '').replace(/^whsec_/, ''), 'base64')
if (secret.length < 24) throw new Error('WEBHOOK_SECRET: the endpoint’s secret, whsec_…')

/** Keep these in your database, in the transaction that does the work: a restart forgets what is here. */
const taken = new Set<string>()
const missing = new Set<number>()
let highest: number | null = null

/** https://www.standardwebhooks.com: the bytes as they came, not JSON that was parsed and written again. */
function isSigned(id: string, timestamp: string, signatures: string, body: Buffer): boolean {
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= 300)) return false
  const expected = createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(body).digest()
  // Several while a secret is rotated: one has to hold.
  return signatures.split(' ').some((entry) => {
    const [version, text = ''] = entry.split(',')
    const given = Buffer.from(text, 'base64')
    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected)
  })
}

/** Numbers count up by one for this endpoint, and come in order for an appointment only: one that is missing may still come. */
function count(sequence: number): void {
  if (missing.delete(sequence)) console.log(`found ${sequence}`)
  for (let next = (highest ?? sequence) + 1; next < sequence; next += 1) {
    missing.add(next)
    console.log(`missing ${next}`)
  }
  highest = Math.max(highest ?? sequence, sequence)
}

function work(notification: string, body: Buffer): void {
  // Here your own work begins. The payload is a patient's: it is not for a log.
  JSON.parse(body.toString('utf8'))
  console.log(`take ${notification}`)
}

const server = createServer((request, response) => {
  const pieces: Buffer[] = []
  const answer = (status: number) => response.writeHead(status).end()
  const header = (name: string) => String(request.headers[name] ?? '')
  request.on('data', (piece: Buffer) => pieces.push(piece))
  request.on('end', () => {
    const body = Buffer.concat(pieces)
    const id = header('webhook-id')
    if (!isSigned(id, header('webhook-timestamp'), header('webhook-signature'), body)) {
      console.log('refused')
      answer(401)
      return
    }
    if (header('notification-test') === 'true') console.log('test')
    else if (taken.has(id)) console.log('again')
    else {
      work(header('notification-type'), body)
      taken.add(id)
      const sequence = header('notification-sequence')
      if (sequence !== '') count(Number(sequence))
    }
    // Any 2xx, and only once the work is done: after it notifyd never sends this again by itself.
    answer(204)
  })
})
server.listen(Number(process.env['PORT'] ?? 8090), '127.0.0.1', () => {
  console.log(`listening ${(server.address() as AddressInfo).port}`)
})
