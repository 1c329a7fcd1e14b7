// A file's text with one line broken, as the list says.
import type { Mutation } from './list.js'

/** @throws Error when the text is not there exactly once: the mutation is of yesterday's code. */
export function mutated(text: string, { file, from, to }: Mutation): string {
  const found = text.split(from).length - 1
  if (found !== 1) throw new Error(`${file} holds ${JSON.stringify(from)} ${found} times`)
  return text.replace(from, () => to)
}
