// Where a head stops being a sequence of lines that end with CRLF. Reader and diagnosis share it, so that a bad break gives
// the same verdict whether it is seen in a whole head or at the end of what has arrived.

const CR_ALONE_OR_LF_ALONE = /\r[^\n]|(?:^|[^\r])\n/g

/** Index of the byte that proves a bare CR or a bare LF at or after `from`, or -1. A CR at the very end proves nothing yet. */
export function badBreak(text: string, from: number): number {
  CR_ALONE_OR_LF_ALONE.lastIndex = from
  const match = CR_ALONE_OR_LF_ALONE.exec(text)
  return match ? match.index + match[0].length - 1 : -1
}

/** `text` up to and with the byte that proves its first bad break; all of it where there is none. */
export function upToBadBreak(text: string): string {
  const at = badBreak(text, 0)
  return at < 0 ? text : text.slice(0, at + 1)
}
