// The messages in the source, as the error table writes them: `…` for what differs. Found by the calls that raise or log
// them, and by the constants that such calls are given.

const starts =
  /(?:new (?:UsageError|InvalidArgumentError|ConfigError|NotReadyError|JournalError|StreamError|ProtocolLoadError)\(|\b(?:fail|warn)\(|\.(?:warn|error)\(|\bgap\(facts,|\breason:|\bcomplain\(|const (?:found|reason|message|oldImageMissed)\b[^=\n]*=(?!>))/g

export interface CallSite {
  readonly file: string
  /** Texts in it that hold a space. */
  readonly texts: readonly string[]
}

export function callSites(file: string, source: string): CallSite[] {
  return [...source.matchAll(starts)].flatMap((match) => {
    const from = match.index + match[0].length
    // What was found stands in a constant, which is a place of its own.
    if (/^(?:[^()'`]|`[^`]*`|'[^']*')*?\bfound,/.test(source.slice(from, from + 200))) return []
    const texts = textsFrom(source, from, match[0].startsWith('const'))
    return texts.length === 0 ? [] : [{ file, texts }]
  })
}

/** Up to the end of the call, or of the constant's first text. */
function textsFrom(source: string, from: number, isConstant: boolean): string[] {
  const texts: string[] = []
  for (let at = from, depth = 1; at < source.length && depth > 0; at += 1) {
    const comment = commentEnd(source, at)
    if (comment !== null) {
      at = comment
      continue
    }
    const character = source.charAt(at)
    if ('({['.includes(character)) depth += 1
    if (')}]'.includes(character)) depth -= 1
    if (character === '\n' && isConstant && texts.length > 0) break
    if (`'"\``.includes(character)) {
      const { text, end } = literal(source, at)
      if (text.includes(' ')) texts.push(text)
      at = end
    }
  }
  return texts
}

/** The last character of the comment that begins here; null: none does. What an apostrophe in it begins is no text. */
function commentEnd(source: string, start: number): number | null {
  const closing = source.startsWith('//', start) ? '\n' : source.startsWith('/*', start) ? '*/' : null
  if (closing === null) return null
  const found = source.indexOf(closing, start + 2)
  if (found < 0) return source.length
  // A newline is code again: a constant may end there.
  return closing === '\n' ? found - 1 : found + 1
}

/** The text that begins at `start`, its substitutions as `…`; where it ends. */
function literal(source: string, start: number): { text: string; end: number } {
  const quote = source.charAt(start)
  let text = ''
  let at = start + 1
  for (; at < source.length && source.charAt(at) !== quote; at += 1) {
    if (source.charAt(at) === '\\') {
      at += 1
      text += source.charAt(at)
    } else if (quote === '`' && source.startsWith('${', at)) {
      text += '…'
      let depth = 1
      for (at += 2; depth > 0 && at < source.length; at += 1) {
        if (source.charAt(at) === '{') depth += 1
        if (source.charAt(at) === '}') depth -= 1
      }
      at -= 1
    } else text += source.charAt(at)
  }
  return { text, end: at }
}
