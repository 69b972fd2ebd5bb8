// The extensions of a chunk, byte for byte (RFC 9112 7.1.1): `;name`, `;name=token`, `;name="text"`, any number of them, with blanks (BWS)
// around `;` and `=`. What they say is of no use to vigia; that they are well-formed is: a reader that skipped over anything up to the
// next line break could be told another end of the chunk than its neighbours.

/** Where in an extension a reader is. */
export const EXTENSION = {
  /** Blanks behind the size or behind a value: a `;` must follow. */
  blank: 0,
  /** Behind a `;`. */
  begin: 1,
  name: 2,
  /** Blanks behind a name: `=` or `;` must follow. */
  nameEnd: 3,
  /** Behind a `=`. */
  value: 4,
  token: 5,
  quoted: 6,
  /** Behind a backslash. */
  escaped: 7,
  /** Behind the closing quote. */
  quotedEnd: 8,
  /** The line break begins here. */
  end: 9,
  malformed: 10,
} as const
export type Extension = (typeof EXTENSION)[keyof typeof EXTENSION]

const CR = 13
const SPACE = 32
const TAB = 9
const QUOTE = 34
const BACKSLASH = 92
const SEMICOLON = 59
const EQUALS = 61
const DELETE = 127

const TOKEN = new Uint8Array(256)
for (const byte of Buffer.from("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
  TOKEN[byte] = 1

/** Where a reader is after one more byte. */
export function afterByte(at: Extension, byte: number): Extension {
  switch (at) {
    case EXTENSION.blank:
      return byte === SEMICOLON ? EXTENSION.begin : isBlank(byte) ? at : EXTENSION.malformed
    case EXTENSION.begin:
      return TOKEN[byte] === 1 ? EXTENSION.name : isBlank(byte) ? at : EXTENSION.malformed
    case EXTENSION.name:
      if (byte === EQUALS) return EXTENSION.value
      return isBlank(byte) ? EXTENSION.nameEnd : inToken(at, byte)
    case EXTENSION.nameEnd:
      if (byte === EQUALS) return EXTENSION.value
      return byte === SEMICOLON ? EXTENSION.begin : isBlank(byte) ? at : EXTENSION.malformed
    case EXTENSION.value:
      if (byte === QUOTE) return EXTENSION.quoted
      return TOKEN[byte] === 1 ? EXTENSION.token : isBlank(byte) ? at : EXTENSION.malformed
    case EXTENSION.token:
      return isBlank(byte) ? EXTENSION.blank : inToken(at, byte)
    case EXTENSION.quoted:
      if (byte === QUOTE) return EXTENSION.quotedEnd
      return byte === BACKSLASH ? EXTENSION.escaped : isText(byte) ? at : EXTENSION.malformed
    case EXTENSION.escaped:
      return isText(byte) ? EXTENSION.quoted : EXTENSION.malformed
    case EXTENSION.quotedEnd:
      return isBlank(byte) ? EXTENSION.blank : afterPart(byte)
    default:
      return EXTENSION.malformed
  }
}

function inToken(at: Extension, byte: number): Extension {
  return TOKEN[byte] === 1 ? at : afterPart(byte)
}

function afterPart(byte: number): Extension {
  return byte === CR ? EXTENSION.end : byte === SEMICOLON ? EXTENSION.begin : EXTENSION.malformed
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB
}

function isText(byte: number): boolean {
  return (byte >= SPACE && byte !== DELETE) || byte === TAB
}
