import { describe, expect, test } from 'vitest'
import type { Lsn } from '../../src/capture/lsn.js'
import { Outbox, send_notification } from '../../src/compute/send-notification.js'
import { webhookId } from '../../src/compute/webhook-id.js'
import { source } from './changes.js'

const identity = { source, commitLsn: 0x16b3748n as Lsn, ordinal: 3 }
const outbox = (endpoints: readonly string[] = ['desk', 'ward']) =>
  new Outbox({ endpoints: new Set(endpoints), protocol: 'Pager', notification: 'Pager', identity })

/** What one compute that does this owes. */
async function owed(send: () => unknown, endpoints?: readonly string[]) {
  const box = outbox(endpoints)
  await box.collect(async () => send())
  return box.notifications
}

const refused = (send: () => unknown) => expect(owed(send)).rejects

describe('send_notification', () => {
  test('outside a running compute throws', () => {
    expect(() => send_notification('desk', {})).toThrow('outside a running compute_results')
  })

  test('after its compute has ended throws, and owes nothing', async () => {
    const box = outbox()
    let late = (): unknown => undefined
    await box.collect(async () => {
      late = () => box.add('desk', {}, {})
    })
    expect(late).toThrow('after compute_results had ended')
    const failing = outbox()
    await expect(failing.collect(() => Promise.reject(new Error('threw')))).rejects.toThrow('threw')
    expect(() => failing.add('desk', {}, {})).toThrow('had ended')
    expect([...box.notifications, ...failing.notifications]).toEqual([])
  })

  test('is of its own compute also where several run at a time', async () => {
    const [one, two] = [outbox(), outbox()]
    const send = (box: Outbox, to: string) =>
      box.collect(async () => {
        await Promise.resolve()
        send_notification(to, {})
      })
    await Promise.all([send(one, 'desk'), send(two, 'ward')])
    expect([one, two].map((box) => box.notifications.map(({ endpoint }) => endpoint))).toEqual([['desk'], ['ward']])
  })

  test('counts from 0 for each endpoint, and gives back the id', async () => {
    const ids: string[] = []
    const notifications = await owed(() => {
      for (const to of ['desk', 'ward', 'desk', 'https://a.example/1', 'https://a.example/2', 'https://b.example/']) {
        ids.push(send_notification(to, {}))
      }
    })
    const id = (endpoint: string, index: number) =>
      webhookId({ ...identity, protocol: 'Pager', endpoint, index, generation: 0 })
    expect(ids).toEqual([
      id('desk', 0),
      id('ward', 0),
      id('desk', 1),
      id('https://a.example', 0),
      id('https://a.example', 1),
      id('https://b.example', 0),
    ])
    expect(notifications.map(({ webhookId }) => webhookId)).toEqual(ids)
  })

  test.each([
    ['desk', 'desk', null],
    ['https://Pager.Example:443/Hook?key=1', 'https://pager.example', 'https://pager.example/Hook?key=1'],
    ['http://10.0.0.1:8080/a b', 'http://10.0.0.1:8080', 'http://10.0.0.1:8080/a%20b'],
  ])('to %s is for %s', async (target, endpoint, url) => {
    expect(await owed(() => send_notification(target, {}))).toMatchObject([{ endpoint, url, headers: {} }])
  })

  test('prefers an endpoint’s name to a URL', async () => {
    const notifications = await owed(() => send_notification('https://a.example/', {}), ['https://a.example/'])
    expect(notifications).toMatchObject([{ endpoint: 'https://a.example/', url: null }])
  })

  test.each(['nowhere', '/hook', '', 'ftp://a.example/', 'file:///etc/passwd', 'javascript:0'])(
    'to %j is refused',
    async (target) => {
      await refused(() => send_notification(target, {})).toThrow(TypeError)
    },
  )

  test('sends a string as it is, and an object as JSON', async () => {
    const bodies = await owed(() => {
      send_notification('desk', ' a "string"\n')
      send_notification('desk', { b: 1, a: undefined, at: new Date(0) })
      send_notification('desk', [])
    })
    expect(bodies.map(({ body }) => body)).toEqual([' a "string"\n', '{"b":1,"at":"1970-01-01T00:00:00.000Z"}', '[]'])
  })

  test.each([[null], [undefined], [7], [{ n: 1n }], [{ toJSON: () => undefined }]])(
    'of a payload that has no JSON of an object is refused',
    async (payload) => {
      await refused(() => Reflect.apply(send_notification, null, ['desk', payload])).toThrow(TypeError)
    },
  )

  test.each([
    [{ 'X-Name': 'a\r\nX-Other: b' }],
    [{ 'X-Name': 'a\0' }],
    [{ 'X-Name': 'snow ☃' }],
    [{ 'X Name': 'a' }],
    [{ 'X-Name:': 'a' }],
    [{ '': 'a' }],
    [{ 'X-Name': 7 }],
    [{ 'X-Name': ['a', 'b'] }],
  ])('with the headers %j is refused, and owes nothing', async (headers) => {
    const box = outbox()
    const sending = box.collect(async () => Reflect.apply(send_notification, null, ['desk', {}, headers]))
    await expect(sending).rejects.toThrow('a header is not one of HTTP')
    expect(box.notifications).toEqual([])
  })

  test('keeps headers as they were when it was called', async () => {
    const headers: Record<string, string> = { 'X-Name': 'Müller\tof 2' }
    const notifications = await owed(() => {
      send_notification('desk', {}, headers)
      headers['X-Name'] = 'changed'
    })
    expect(notifications).toMatchObject([{ headers: { 'X-Name': 'Müller\tof 2' } }])
  })
})
