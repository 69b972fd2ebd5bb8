// The key of session tickets as a file holds it: the 48 bytes that node:tls takes, as they are (nginx's form) or in base64 (HAProxy's).

/** Bytes: a name, an HMAC secret and an AES-128 key, 16 each. */
export const TICKET_KEY_BYTES = 48

const MAKE_ONE = 'make one with openssl rand -base64 48'

export function readTicketKey(bytes: Uint8Array): { readonly key: Uint8Array } | { readonly wrong: string } {
  if (bytes.length === TICKET_KEY_BYTES) return { key: Uint8Array.from(bytes) }
  const text = Buffer.from(bytes).toString('latin1').trim()
  if (text === '') return { wrong: `is empty: ${MAKE_ONE}` }
  // Without a sign for what is left over: 48 bytes are 64 characters.
  if (/^[A-Za-z0-9+/]{64}$/.test(text)) return { key: Uint8Array.from(Buffer.from(text, 'base64')) }
  if (text.includes('\n')) return { wrong: `holds several lines, and one key is taken: ${MAKE_ONE}` }
  return { wrong: `holds no ticket key, expected ${TICKET_KEY_BYTES} bytes, as they are or in base64: ${MAKE_ONE}` }
}
