// One POST as a receiver sees it: who it says it is, whether it is signed, whether it was seen before, whether one before it is
// missing. In: headers and bytes. Out: a record, and a line. Owns that neither holds a payload unless that is asked for, and
// that what a stranger sent stays on its line.
import type { IncomingHttpHeaders } from 'node:http'
import pc from 'picocolors'
import { signatureProblem } from '../send/verify-signature.js'
import { printable } from './printable.js'

export interface Received {
  readonly received_at: string
  readonly path: string
  readonly notification: string | null
  readonly webhook_id: string | null
  readonly sequence: number | null
  readonly attempt: number | null
  readonly appointment_external_id: string | null
  /** Null: a secret vouches for it. */
  readonly problem: string | null
  readonly test: boolean
  readonly replay: boolean
  /** This id was answered with a 2xx before. */
  readonly again: boolean
  /** Sequence numbers before this one that have not come; null: none. */
  readonly missing: { readonly from: number; readonly to: number } | null
  readonly bytes: number
  readonly answered: number
  readonly body?: string
}

/** What was taken so far. Ids are forgotten when there are many: the oldest first. */
export class Taken {
  readonly #ids = new Set<string>()
  /** Of each path, which is what tells endpoints apart here. */
  readonly #highest = new Map<string, number>()

  has(id: string | null): boolean {
    return id !== null && this.#ids.has(id)
  }

  missingBefore(path: string, sequence: number | null): Received['missing'] {
    const highest = this.#highest.get(path)
    if (sequence === null || highest === undefined || sequence <= highest + 1) return null
    return { from: highest + 1, to: sequence - 1 }
  }

  take(path: string, { id, sequence }: { readonly id: string | null; readonly sequence: number | null }): void {
    if (id !== null) this.#ids.add(id)
    for (const oldest of this.#ids) {
      if (this.#ids.size <= 100_000) break
      this.#ids.delete(oldest)
    }
    if (sequence !== null) this.#highest.set(path, Math.max(sequence, this.#highest.get(path) ?? 0))
    if (this.#highest.size > 1_000) this.#highest.clear()
  }
}

export interface Judging {
  readonly secrets: readonly string[]
  readonly taken: Taken
  readonly showPayloads: boolean
  /** What to answer one that is signed. */
  readonly answer: () => number
}

/** @param path without the query, which can hold a secret */
export function receive(headers: IncomingHttpHeaders, path: string, raw: Buffer, judging: Judging): Received {
  const text = (name: string): string | null => {
    const value = headers[name]
    return typeof value === 'string' ? value : null
  }
  const number = (name: string): number | null => {
    const value = text(name)
    return value !== null && /^\d{1,15}$/.test(value) ? Number(value) : null
  }
  const { secrets, taken, showPayloads } = judging
  const [id, sequence] = [text('webhook-id'), number('notification-sequence')]
  const signed = { id, timestamp: text('webhook-timestamp'), signature: text('webhook-signature') }
  const problem = signatureProblem(signed, raw, secrets, Date.now())
  const [again, missing] = [taken.has(id), taken.missingBefore(path, sequence)]
  const answered = problem === null ? judging.answer() : 401
  if (answered < 300) taken.take(path, { id, sequence })
  return {
    received_at: new Date().toISOString(),
    path,
    notification: text('notification-type'),
    webhook_id: id,
    sequence,
    attempt: number('notification-attempt'),
    appointment_external_id: externalIdIn(raw),
    problem,
    test: text('notification-test') === 'true',
    replay: text('notification-replay') === 'true',
    again,
    missing,
    bytes: raw.length,
    answered,
    ...(showPayloads && { body: raw.toString('utf8') }),
  }
}

function externalIdIn(raw: Buffer): string | null {
  try {
    const body: unknown = JSON.parse(raw.toString('utf8'))
    if (typeof body !== 'object' || body === null || !('appointment_external_id' in body)) return null
    return typeof body.appointment_external_id === 'string' ? body.appointment_external_id : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

export function receivedLine(one: Received): string {
  const { missing, problem, answered } = one
  const hole =
    missing === null ? '' : missing.from === missing.to ? `#${missing.to}` : `#${missing.from} to #${missing.to}`
  const parts = [
    pc.dim(one.received_at),
    problem === null ? pc.green('✓') : pc.red(`✗ ${problem}`),
    printable(one.notification ?? 'no notification-type'),
    one.sequence === null ? '' : `#${one.sequence}`,
    printable(one.webhook_id ?? ''),
    printable(one.appointment_external_id ?? ''),
    one.attempt === null || one.attempt === 1 ? '' : `attempt ${one.attempt}`,
    one.test ? 'a test' : '',
    one.replay ? 'a replay' : '',
    one.again ? pc.yellow('seen before') : '',
    hole === '' ? '' : pc.yellow(`${hole} not seen yet: owed, or a dead letter`),
    answered < 300 ? `answered ${answered}` : pc.yellow(`refused with ${answered}`),
  ]
  const line = parts.filter((part) => part !== '').join('  ')
  return one.body === undefined ? `${line}\n` : `${line}\n  ${printable(one.body)}\n`
}
