// What is printed cannot act. In: data of rows, names of columns, answers of others. Out: the same with every character that a
// terminal would obey, or that would make a line look like another one, as its escape (`\n`, `\x1b`, `\u202e`), which bash's
// $'…' reads back. Everything that a command prints, and the terminal's log, goes through here.

/** Controls (C0, DEL, C1), formats (bidi overrides, zero width), separators of lines and paragraphs, halves of surrogates. */
const acting = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu
const actingInLine = /[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|(?!\n)\p{Cc}/gu

const short: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
])

function escaped(character: string): string {
  const known = short.get(character)
  if (known !== undefined) return known
  const code = character.codePointAt(0) ?? 0
  if (code <= 0xff) return `\\x${hex(code, 2)}`
  return code <= 0xffff ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`
}

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0')

/** Every text in it as one that stays on its line and does nothing. Keys too; what is no text is left as it is. */
export const printable = <T>(value: T): T => mapped(value, (text) => text.replace(acting, escaped))

/** The same, but for newlines: for text of our own, or of a protocol's author, that has several lines. */
export const printableLines = <T>(value: T): T => mapped(value, (text) => text.replace(actingInLine, escaped))

/** Texts of plain data: objects, arrays, and what they hold. */
function mapped<T>(value: T, show: (text: string) => string): T
function mapped(value: unknown, show: (text: string) => string): unknown {
  if (typeof value === 'string') return show(value)
  if (Array.isArray(value)) return value.map((one: unknown) => mapped(one, show))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, one]: [string, unknown]) => [show(key), mapped(one, show)]),
  )
}

/** JSON on one line, the same value for who parses it: JSON's own escapes leave C1, bidi overrides and the rest as they are. */
export const jsonText = (value: unknown): string => safeJson(JSON.stringify(value))

/** @param json a JSON text on one line, with the newline at its end or without */
export function safeJson(json: string): string {
  // Nearly always there is nothing: a line of the log costs this look only.
  return plain.test(json) ? json : json.replace(actingInLine, unitsOf)
}

const plain = /^[\n\x20-\x7e]*$/

/** JSON escapes units of UTF-16. */
const unitsOf = (character: string): string =>
  Array.from({ length: character.length }, (_, at) => `\\u${hex(character.charCodeAt(at), 4)}`).join('')
