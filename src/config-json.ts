// Reads the config file's JSON. In: text. Out: the value, or the line and column of the first thing that is not JSON.
// Node's own message has no position and quotes the text around the error, which may be a secret: it is never shown.

export interface TextPosition {
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 code units. */
  readonly column: number
}

export type JsonText = { readonly tag: 'value'; readonly value: unknown } | ({ readonly tag: 'error' } & TextPosition)

export function readJson(text: string): JsonText {
  const body = text.startsWith('\ufeff') ? text.slice(1) : text
  try {
    return { tag: 'value', value: JSON.parse(body) }
  } catch {
    const before = body.slice(0, firstErrorOffset(body)).split('\n')
    return { tag: 'error', line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
  }
}

const space = /[ \t\n\r]*/y
const scalar =
  /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y

/** Where the first token begins that JSON does not allow there (https://www.rfc-editor.org/rfc/rfc8259). */
function firstErrorOffset(text: string): number {
  let offset = 0
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = offset
    const token = pattern.exec(text)?.[0] ?? null
    offset += token?.length ?? 0
    return token
  }
  const takeSign = (sign: string): boolean => {
    take(space)
    if (text[offset] !== sign) return false
    offset++
    return true
  }
  const list = (end: string, item: () => boolean): boolean => {
    if (takeSign(end)) return true
    do if (!item()) return false
    while (takeSign(','))
    return takeSign(end)
  }
  const entry = (): boolean => {
    take(space)
    return text[offset] === '"' && take(scalar) !== null && takeSign(':') && value()
  }
  const value = (): boolean => {
    if (takeSign('{')) return list('}', entry)
    if (takeSign('[')) return list(']', value)
    return take(scalar) !== null
  }
  if (value()) take(space)
  return offset
}
