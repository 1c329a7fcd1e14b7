// A receiver that logs: a line for each POST, whether its signature is right, and 204. Node alone, no packages. Bodies hold
// patient keys, so it prints none of them; a real receiver reads them here.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'

const key = Buffer.from(String(process.env.SECRET).replace(/^whsec_/, ''), 'base64')
const seen = new Set()

function isSigned(headers, body) {
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  const expected = createHmac('sha256', key).update(signed).digest()
  return String(headers['webhook-signature'])
    .split(' ')
    .map((one) => Buffer.from(one.replace(/^v1,/, ''), 'base64'))
    .some((given) => given.length === expected.length && timingSafeEqual(given, expected))
}

const server = createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray()).toString()
  const { headers } = request
  const id = headers['webhook-id']
  const line = {
    notification: headers['notification-type'],
    webhook_id: id,
    sequence: Number(headers['notification-sequence']),
    attempt: Number(headers['notification-attempt']),
    signed: isSigned(headers, body),
    seen_before: seen.has(id),
  }
  console.log(JSON.stringify(line))
  if (line.signed) seen.add(id)
  response.writeHead(line.signed ? 204 : 401).end()
})

server.listen(Number(process.env.PORT), () => console.log(JSON.stringify({ listening: server.address().port })))
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0))
