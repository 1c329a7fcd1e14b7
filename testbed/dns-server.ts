// A real DNS server on loopback, and a way to make this process ask it. In: what each name answers, a list of addresses for
// each time it is asked. Out: a count of the questions.
import { createSocket } from 'node:dgram'
import dns from 'node:dns'
import { once } from 'node:events'
import { decode, encode } from 'dns-packet'

export interface DnsServer extends AsyncDisposable {
  readonly port: number
  /** Questions for A records so far. */
  asked(name: string): number
}

/** @param answers the last entry of a name stands for all later questions */
export async function startDnsServer(answers: Readonly<Record<string, readonly string[][]>>): Promise<DnsServer> {
  const socket = createSocket('udp4')
  const counts = new Map<string, number>()
  socket.on('message', (message, peer) => {
    const { id, questions = [] } = decode(message)
    const [question] = questions
    const name = question?.name ?? ''
    const count = counts.get(name) ?? 0
    const all = answers[name] ?? []
    const addresses = question?.type === 'A' ? (all[Math.min(count, all.length - 1)] ?? []) : []
    if (question?.type === 'A') counts.set(name, count + 1)
    const records = addresses.map((data) => ({ type: 'A', name, ttl: 0, data }) as const)
    socket.send(
      encode({ type: 'response', id: id ?? 0, flags: 0x0400, questions, answers: records }),
      peer.port,
      '127.0.0.1',
    )
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    port: socket.address().port,
    asked: (name) => counts.get(name) ?? 0,
    [Symbol.asyncDispose]: async () => {
      const closed = once(socket, 'close')
      socket.close()
      await closed
    },
  }
}

/**
 * From now on names under `.test` are looked up at that server, where `net` asks for them: the system's resolver has no
 * setting for one process. Disposing of it undoes that.
 */
export function resolveAt({ port }: DnsServer): Disposable {
  const resolver = new dns.promises.Resolver({ timeout: 2_000, tries: 1 })
  resolver.setServers([`127.0.0.1:${port}`])
  const system = dns.lookup
  const lookup = (name: string, options: dns.LookupAllOptions, done: Done): void => {
    if (!name.endsWith('.test')) {
      system(name, options, done)
      return
    }
    resolver.resolve4(name).then(
      (addresses) => {
        const all = addresses.map((address) => ({ address, family: 4 }))
        if (options.all) return done(null, all)
        const [first = { address: '', family: 4 }] = all
        done(null, first.address, first.family)
      },
      (error: NodeJS.ErrnoException) => done(error, []),
    )
  }
  Object.assign(dns, { lookup })
  return { [Symbol.dispose]: () => void Object.assign(dns, { lookup: system }) }
}

type Done = (error: NodeJS.ErrnoException | null, found: string | dns.LookupAddress[], family?: number) => void
