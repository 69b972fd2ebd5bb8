// The Date of answers that bring none (RFC 9110 6.6.1): one text a second for all connections of a worker.

let second = 0
let date = ''
let line = ''

/** The field with its CRLF. */
export function dateLine(): string {
  look()
  return line
}

/** Its value. */
export function dateNow(): string {
  look()
  return date
}

function look(): void {
  const now = Math.floor(Date.now() / 1000)
  if (now === second) return
  second = now
  date = new Date(now * 1000).toUTCString()
  line = `Date: ${date}\r\n`
}
