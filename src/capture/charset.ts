// Bytes of a database's text in, a string out, whatever the database's encoding. Owns that no byte stops a row: the server is
// asked for no conversion (it refuses bytes that do not convert, at each attempt), and what a byte cannot be in its encoding it
// is in Latin-1.
// https://www.postgresql.org/docs/current/multibyte.html

export type DecodeText = (bytes: Uint8Array) => string

/**
 * PostgreSQL's server encodings → labels of https://encoding.spec.whatwg.org. Those whose bytes the label reads otherwise
 * (LATIN5 as a Windows code page) are so only in control characters. None for EUC_TW and MULE_INTERNAL.
 */
const labels: Readonly<Record<string, string>> = {
  SQL_ASCII: 'utf-8',
  UTF8: 'utf-8',
  EUC_CN: 'gbk',
  EUC_JP: 'euc-jp',
  EUC_JIS_2004: 'euc-jp',
  EUC_KR: 'euc-kr',
  ISO_8859_5: 'iso-8859-5',
  ISO_8859_6: 'iso-8859-6',
  ISO_8859_7: 'iso-8859-7',
  ISO_8859_8: 'iso-8859-8',
  KOI8R: 'koi8-r',
  KOI8U: 'koi8-u',
  LATIN2: 'iso-8859-2',
  LATIN3: 'iso-8859-3',
  LATIN4: 'iso-8859-4',
  LATIN5: 'windows-1254',
  LATIN6: 'iso-8859-10',
  LATIN7: 'iso-8859-13',
  LATIN8: 'iso-8859-14',
  LATIN9: 'iso-8859-15',
  LATIN10: 'iso-8859-16',
  WIN866: 'ibm866',
  WIN874: 'windows-874',
  WIN1250: 'windows-1250',
  WIN1251: 'windows-1251',
  WIN1253: 'windows-1253',
  WIN1254: 'windows-1254',
  WIN1255: 'windows-1255',
  WIN1256: 'windows-1256',
  WIN1257: 'windows-1257',
  WIN1258: 'windows-1258',
}

const latin1: DecodeText = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

/** 80 to 9f of Windows-1252, where Latin-1 has control characters. Node 20 decodes its label as Latin-1. */
const windows1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ'

const ofWindows: DecodeText = (bytes) =>
  latin1(bytes).replace(/[\u0080-\u009f]/g, (one) => windows1252[one.charCodeAt(0) - 0x80] ?? one)

const own: Readonly<Record<string, DecodeText>> = { LATIN1: latin1, WIN1252: ofWindows }

/** @param encoding as `server_encoding` says */
export function textDecoder(encoding: string): DecodeText {
  const known = own[encoding]
  if (known !== undefined) return known
  // A byte-order mark is text like any other.
  const decoder = new TextDecoder(labels[encoding] ?? 'utf-8', { fatal: true, ignoreBOM: true })
  return (bytes) => {
    try {
      return decoder.decode(bytes)
    } catch {
      return latin1(bytes) // TypeError: not in this encoding
    }
  }
}

/** Whether the server's text is read without loss: where nobody says what its bytes stand for, it may not be. */
export const isKnownEncoding = (encoding: string): boolean =>
  encoding in own || (encoding !== 'SQL_ASCII' && encoding in labels)

/** Whether text is taken in the server's own encoding (`client_encoding = SQL_ASCII`: no conversion) and decoded here. */
export const isDecodedHere = (encoding: string): boolean => encoding !== 'UTF8'
