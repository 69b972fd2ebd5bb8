// Takes what a paused socket has read, all of it.

import type { Socket } from 'node:net'

/**
 * Node 26 gives one piece for each `read()`, and may not say "readable" again for those that are left: who waits for the rest of a message
 * would wait for ever.
 * @returns undefined = nothing
 */
export function allRead(transport: Socket): Buffer | undefined {
  const first = transport.read() as Buffer | null
  if (first === null) return undefined
  const pieces = [first]
  for (let next = transport.read() as Buffer | null; next !== null; next = transport.read()) pieces.push(next)
  return pieces.length === 1 ? first : Buffer.concat(pieces)
}
