// How a request and its answer lie in the file: the length of a JSON head, the head, the body.

import type { KeptRequest } from '../../shared/held/messages.ts'

export interface KeptAnswer {
  readonly status: number
  readonly fields: readonly string[]
  readonly isWhole: boolean
  readonly body: Uint8Array
}

const LENGTH_BYTES = 4

export function packRequest({ body, ...head }: KeptRequest): Buffer {
  return pack(head, body)
}

export function packAnswer({ body, ...head }: KeptAnswer): Buffer {
  return pack(head, body)
}

export function unpackRequest(bytes: Uint8Array): KeptRequest {
  return unpack(bytes) as KeptRequest
}

export function unpackAnswer(bytes: Uint8Array): KeptAnswer {
  return unpack(bytes) as KeptAnswer
}

function pack(head: object, body: Uint8Array): Buffer {
  const text = JSON.stringify(head)
  const headBytes = Buffer.byteLength(text)
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + headBytes + body.length)
  bytes.writeUInt32LE(headBytes)
  bytes.write(text, LENGTH_BYTES, 'utf8')
  bytes.set(body, LENGTH_BYTES + headBytes)
  return bytes
}

function unpack(packed: Uint8Array): object {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength)
  const bodyAt = LENGTH_BYTES + bytes.readUInt32LE()
  const head = JSON.parse(bytes.toString('utf8', LENGTH_BYTES, bodyAt)) as object
  // Of its own memory, so that it can be handed to another thread.
  return { ...head, body: new Uint8Array(bytes.subarray(bodyAt)) }
}
