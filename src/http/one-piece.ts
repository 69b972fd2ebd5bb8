// Lines of fields that are written more than once should be one piece in memory. A text that was put together with `+` is a tree of pieces,
// which V8 walks through at each write: that takes a microsecond for the head of a browser.

const NUL = 0

/** The same lines: no name begins with NUL. To look into a text makes V8 put it together, if what is seen there matters. */
export function inOnePiece(lines: string): string {
  return lines.charCodeAt(0) === NUL ? '' : lines
}
