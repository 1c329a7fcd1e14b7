// What a terminal would obey, or what would make a line look like another one. Written from Unicode's blocks, not from the
// program's own pattern.

const ranges = [
  [0x00, 0x1f], // C0, newlines among them
  [0x7f, 0x9f], // DEL, C1
  [0xad, 0xad],
  [0x600, 0x605],
  [0x61c, 0x61c],
  [0x200b, 0x200f], // zero width, marks of direction
  [0x2028, 0x202e], // separators, bidi overrides
  [0x2060, 0x206f], // isolates
  [0xd800, 0xdfff], // a half alone
  [0xfeff, 0xfeff],
  [0xfff9, 0xfffb],
  [0xe0001, 0xe007f],
] as const

const inClass = (given: readonly (readonly [number, number])[]): string =>
  given.map(([from, to]) => `\\u{${from.toString(16)}}-\\u{${to.toString(16)}}`).join('')

export const acting = new RegExp(`[${inClass(ranges)}]`, 'u')
/** The same without the newline that ends a line. */
export const actingInLines = new RegExp(`(?!\\n)[${inClass(ranges)}]`, 'u')
