// Compiles the admin listener and its tokens: of a token only its hash goes on.

import { createHash } from 'node:crypto'
import type { AdminPlan } from '../../plan/admin.ts'
import { type Address, parseAddress } from '../address.ts'
import { DEFAULTS } from '../defaults.ts'
import type { ConfigDocument } from '../schema.ts'

/** @param files contents of the files that the document names */
export function compileAdmin(
  admin: ConfigDocument['admin'],
  files: ReadonlyMap<string, string>,
): AdminPlan | undefined {
  if (admin === false) return undefined
  const { host, port } = parseAddress(admin?.address ?? DEFAULTS.admin) as Address
  const tokens = admin?.tokens?.map(({ name, role, hash, tokenFile }) => ({
    name,
    role,
    sha256: hash === undefined ? sha256(files.get(tokenFile!)!) : hash.slice('sha256:'.length).toLowerCase(),
  }))
  return tokens === undefined ? { host, port } : { host, port, tokens }
}

function sha256(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
