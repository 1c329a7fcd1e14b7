// Waiting for something to become true that nothing announces. In: a question. Out: its first answer that is not false,
// null or undefined, or an error that says what was waited for.
import { setTimeout as sleep } from 'node:timers/promises'

type Truthy<T> = Exclude<T, false | null | undefined>

/**
 * Asks every 20 ms. For what announces itself (a receiver's POST, a process's exit) wait for the event instead.
 * @throws Error after `timeoutMs`, with the question's source and its last answer.
 */
export async function until<T>(ask: () => T | Promise<T>, timeoutMs = 60_000): Promise<Truthy<T>> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== false && answer !== null && answer !== undefined) return answer as Truthy<T>
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${ask} (last answer: ${answer})`)
    await sleep(20)
  }
}
