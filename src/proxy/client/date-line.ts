// The Date of answers that bring none (RFC 9110 6.6.1): one text a second for all connections of a worker.

let second = 0
let line = ''

/** The field with its CRLF. */
export function dateLine(): string {
  const now = Math.floor(Date.now() / 1000)
  if (now !== second) {
    second = now
    line = `Date: ${new Date(now * 1000).toUTCString()}\r\n`
  }
  return line
}
