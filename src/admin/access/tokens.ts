// Finds a token by its hash, in a time that tells nothing about the tokens, and says what its role may do. It knows no requests.

import { createHash, timingSafeEqual } from 'node:crypto'
import type { AdminRole, AdminTokenPlan } from '../../plan/admin.ts'

export type Role = AdminRole

/** Who asks, as far as a token says. */
export interface Principal {
  /** The token's name. */
  readonly name: string
  readonly role: Role
}

/** A role may do all that a lower one may. */
const RANKS: Readonly<Record<Role, number>> = { read: 0, operate: 1, admin: 2 }

export class TokenTable {
  readonly #tokens: readonly { readonly principal: Principal; readonly hash: Buffer }[]

  /** @param former a token that is as it was there keeps its principal */
  constructor(plans: readonly AdminTokenPlan[], former?: TokenTable) {
    this.#tokens = plans.map(({ name, role, sha256 }) => {
      const hash = Buffer.from(sha256, 'hex')
      const same = (former === undefined ? [] : former.#tokens).find(
        each => each.principal.name === name && each.principal.role === role && each.hash.equals(hash),
      )
      return same ?? { principal: { name, role }, hash }
    })
  }

  get isEmpty(): boolean {
    return this.#tokens.length === 0
  }

  /** All are compared, each in constant time: neither which one fits nor how far one does can be measured. */
  find(token: string): Principal | undefined {
    const shown = createHash('sha256').update(token).digest()
    let found: Principal | undefined
    for (const { principal, hash } of this.#tokens) {
      if (timingSafeEqual(shown, hash)) found = principal
    }
    return found
  }

  /** Whether the token that this principal showed is still the same: one that was replaced under its name is not. */
  has(principal: Principal): boolean {
    return this.#tokens.some(each => each.principal === principal)
  }
}

export function mayAct(role: Role, needed: Role): boolean {
  return RANKS[role] >= RANKS[needed]
}
