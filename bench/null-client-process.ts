// The limit of capture: a client on a slot that parses nothing. Tells the server what it received, and ends at an LSN.
import pg from 'pg'

const [url = '', slot = '', end = ''] = process.argv.slice(2)
const toNumber = (lsn: string) =>
  lsn.split('/').reduce((high, part) => high * 0x1_0000_0000 + Number.parseInt(part, 16), 0)
const target = toNumber(end)
const config = { connectionString: url, replication: 'database' }
const client = new pg.Client(config)
client.on('error', () => undefined)
await client.connect()
let received = 0
const { connection } = client as pg.Client & {
  readonly connection: { sendCopyFromChunk(chunk: Buffer): void }
}
function acknowledge(): void {
  const frame = Buffer.alloc(34)
  frame[0] = 0x72
  for (const at of [1, 9, 17]) frame.writeBigUInt64BE(BigInt(received), at)
  frame.writeBigInt64BE(BigInt(Date.now() - 946_684_800_000) * 1000n, 25)
  connection.sendCopyFromChunk(frame)
}
connection.on('copyData', ({ chunk }: { chunk: Buffer }) => {
  // Both kinds of message bear an LSN there: the data's end, and the server's.
  received = Math.max(received, Number(chunk.readBigUInt64BE(chunk[0] === 0x6b ? 1 : 9)))
  if (received < target) return
  acknowledge()
  process.exit(0)
})
client
  .query(`START_REPLICATION SLOT "${slot}" LOGICAL 0/0 (proto_version '1', publication_names '"notifyd"')`)
  .catch(() => process.exit(1))
