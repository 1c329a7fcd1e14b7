// What a real pgbouncer says to the daemon's two kinds of connections is known for a pooler's.
import { expect, inject, test } from 'vitest'
import { openControl } from '../../src/capture/control.js'
import { ReplicationStream } from '../../src/capture/replication-stream.js'
import { isOfPooler, serverSentence } from '../../src/capture/server-words.js'
import { startPgbouncer } from '../../testbed/pgbouncer.js'

const through = (port: number) => {
  const url = new URL(inject('daemonUrl'))
  url.port = String(port)
  return { url: url.href, tls: null }
}

const thrown = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => error,
  )

test('an ordinary connection and a replication connection through pgbouncer', async () => {
  const { hostname: host, port } = new URL(inject('daemonUrl'))
  await using strict = await startPgbouncer({ host, port: Number(port) })
  const control = openControl(through(strict.port), () => undefined)
  const ordinary = await thrown(control.query('SELECT 1'))
  await control.close()
  expect(ordinary).toMatchObject({ code: '08P01' })
  expect([isOfPooler(ordinary), serverSentence(ordinary)]).toEqual([true, expect.stringContaining('options')])

  await using lenient = await startPgbouncer({ host, port: Number(port) }, { ignore_startup_parameters: 'options' })
  const replication = await thrown(ReplicationStream.connect(through(lenient.port)))
  expect([isOfPooler(replication), serverSentence(replication)]).toEqual([
    true,
    expect.stringContaining('unsupported startup parameter: replication'),
  ])
  // A server that refuses is none.
  const wrong = new URL(inject('daemonUrl'))
  wrong.password = 'wrong'
  const refused = await thrown(ReplicationStream.connect({ url: wrong.href, tls: null }))
  expect([isOfPooler(refused), serverSentence(refused)]).toEqual([
    false,
    'password authentication failed for user "notifyd"',
  ])
})
