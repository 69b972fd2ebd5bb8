// Lines of fields that are written more than once should be one piece in memory. A text that was put together with `+` is a tree of pieces,
// which V8 walks through at each write: that takes a microsecond for the head of a browser.

/** No text whose characters are bytes has it. */
const NO_BYTE = 0xffff

/** The same text. @param bytes one character a byte. To look into a text makes V8 put it together, if what is seen there matters. */
export function inOnePiece(bytes: string): string {
  return bytes.charCodeAt(0) === NO_BYTE ? '' : bytes
}
