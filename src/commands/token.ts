// vigia token: makes a token for the admin listener. Prints it once; only its hash goes into the configuration.

import { createHash, randomBytes } from 'node:crypto'

export interface TokenOptions {
  readonly name: string
  readonly role: 'read' | 'operate' | 'admin'
  readonly json: boolean
}

/** As many as nobody ever guesses. */
const RANDOM_BYTES = 32
/** By which programs that look for secrets in files know one. */
const PREFIX = 'vigia_'

export function makeToken({ name, role, json }: TokenOptions): number {
  const token = PREFIX + randomBytes(RANDOM_BYTES).toString('base64url')
  const hash = `sha256:${createHash('sha256').update(token).digest('hex')}`
  if (json) console.log(JSON.stringify({ token, name, role, hash }))
  else {
    console.log(token)
    // Beside the token, so that `vigia token > file` makes a token file.
    console.error(`\nKeep it now, it is not shown again. Into the configuration, under admin.tokens:\n`)
    console.error(`  - { name: ${JSON.stringify(name)}, role: ${role}, hash: "${hash}" }`)
  }
  return 0
}
