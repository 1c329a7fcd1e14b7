// What is said of an error that is a defect: its class, its code and where it was thrown. Its message is left out, since it may
// quote what was being worked on, and so is all else that Node prints with an error nobody caught (a database's DETAIL).
import { errorCode } from './base/errors.js'

export function defect(error: unknown, remedy: string): string {
  const name = error instanceof Error ? error.constructor.name : typeof error
  const code = errorCode(error)
  const frames = error instanceof Error ? framesOf(error) : []
  return [`${name}${code === null ? '' : ` (${code})`}: ${remedy}`, ...frames].join('\n')
}

/** Lines of the message, which stands before them, may look like frames. */
function framesOf({ message, stack = '' }: Error): string[] {
  const from = stack.indexOf(message)
  if (from === -1) return []
  return stack
    .slice(from + message.length)
    .split('\n')
    .filter((line) => /^ {4}at /.test(line))
}

/** SQLSTATE classes whose messages name objects, settings and hosts; those of others can quote a value. */
const namesOnly = /^(?:08|0A|28|3D|42|53|55|57|58)/

/** The message, or what stands for it where it could quote a row. What a server says beside it (DETAIL) is never shown. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return `a ${typeof error} was thrown`
  const code = errorCode(error)
  const isOfServer = 'severity' in error && code !== null
  return isOfServer && !namesOnly.test(code) ? `the database could not answer: SQLSTATE ${code}` : error.message
}
