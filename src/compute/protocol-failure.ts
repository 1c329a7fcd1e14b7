// What the log may say of a failed protocol: the error's class and the place in the user's file. Its message and stack can
// quote a patient, and stay in the journal (spec section 6).
import { fileURLToPath } from 'node:url'
import { packageFile } from '../base/places.js'
import type { ProtocolOutcome } from './computed-change.js'

export interface FailureFacts {
  readonly cause: 'threw' | 'timed_out' | 'suspended'
  /** Class of the error, null where there was none. */
  readonly error: string | null
  /** `file.ts:12`, null where it is not known. */
  readonly at: string | null
}

const className = /^([A-Za-z_$][\w$]*)(?::|$)/
const place = /([\w.-]+\.[cm]?[jt]sx?):(\d+):\d+\)?$/

export function failureFacts(outcome: Extract<ProtocolOutcome, { tag: 'failed' }>): FailureFacts {
  const { cause, message, stack } = outcome
  // A thrown string has no stack, and its text is not to be taken for a class's name.
  const error = stack === null ? null : (className.exec(message)?.[1] ?? null)
  return { cause, error, at: stack === null ? null : placeOf(stack, message) }
}

/** What a protocol called or read wrongly is in our own files; where it did is the author's. */
const ours = [packageFile('dist/'), packageFile('src/')].flatMap((folder) => [folder.href, fileURLToPath(folder)])

/** The first frame of the protocol. The stack repeats the message before its frames, and a message may look like a frame. */
function placeOf(stack: string, message: string): string | null {
  const frames = stack.startsWith(message)
    ? stack.slice(message.length)
    : stack.slice(stack.lastIndexOf(message) + message.length)
  for (const line of frames.split('\n')) {
    if (!line.startsWith('    at ') || ours.some((folder) => line.includes(folder))) continue
    const match = place.exec(line)
    if (match !== null) return `${match[1]}:${match[2]}`
  }
  return null
}
