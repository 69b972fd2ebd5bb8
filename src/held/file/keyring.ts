// Encrypts what is held where the operator gives keys: AES-256-GCM, a random nonce each (NIST SP 800-38D 8.2.2), bound to its place so that
// nobody can put one request's bytes under another. The first key encrypts, all decrypt.

import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'

const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

export interface Sealed {
  /** Null = not encrypted. */
  readonly keyId: string | null
  readonly bytes: Uint8Array
}

/** What it is, besides its place. */
export type SealedKind = 'content' | 'result'

export class Keyring {
  readonly #keys: ReadonlyMap<string, Uint8Array>
  /** Of the key that encrypts; null = none does. */
  readonly currentId: string | null

  /** @param keys 32 bytes each */
  constructor(keys: readonly Uint8Array[]) {
    this.#keys = new Map(keys.map(key => [idOf(key), key]))
    this.currentId = this.#keys.keys().next().value ?? null
  }

  has(keyId: string | null): boolean {
    return keyId === null || this.#keys.has(keyId)
  }

  seal(kind: SealedKind, seq: number, bytes: Uint8Array): Sealed {
    const keyId = this.currentId
    if (keyId === null) return { keyId, bytes }
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', this.#keys.get(keyId)!, nonce)
    cipher.setAAD(placeOf(kind, seq))
    const body = cipher.update(bytes)
    cipher.final()
    return { keyId, bytes: Buffer.concat([nonce, body, cipher.getAuthTag()]) }
  }

  /** Undefined = its key is not there, or it was changed. */
  open(kind: SealedKind, seq: number, { keyId, bytes }: Sealed): Uint8Array | undefined {
    if (keyId === null) return bytes
    const key = this.#keys.get(keyId)
    if (key === undefined || bytes.length < NONCE_BYTES + TAG_BYTES) return undefined
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
    decipher.setAAD(placeOf(kind, seq))
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
    const plain = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES))
    try {
      decipher.final()
      return plain
    } catch {
      return undefined
    }
  }
}

/** Throws an Error with one line for people where one can't be read or is no key. */
export function readKeyring(paths: readonly string[]): Keyring {
  return new Keyring(paths.map(readKey))
}

function readKey(path: string): Uint8Array {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw new Error(
      `the key ${path} can not be read (${(error as NodeJS.ErrnoException).code}): look whether it is there, and at its permissions`,
    )
  }
  if (bytes.length !== KEY_BYTES)
    throw new Error(`the key ${path} has ${bytes.length} bytes instead of ${KEY_BYTES}: make it with openssl rand -out`)
  return bytes
}

/** Tells nothing about the key. */
function idOf(key: Uint8Array): string {
  return createHash('sha256').update('vigia held key').update(key).digest('hex').slice(0, 16)
}

function placeOf(kind: SealedKind, seq: number): Buffer {
  return Buffer.from(`${kind} ${seq}`)
}
