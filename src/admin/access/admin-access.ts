// Decides who is let in: knows the tokens in use, and which addresses have failed to show one. It knows no requests; auth.ts asks it.

import type { AdminTokenPlan } from '../../plan/admin.ts'
import { FailedLogins } from './failed-logins.ts'
import { mayAct, type Principal, type Role, TokenTable } from './tokens.ts'

export interface AccessOptions {
  readonly onFailure?: (address: string, why: string) => void
  /** Epoch ms. */
  readonly now?: () => number
}

export interface Denial {
  readonly status: 401 | 403 | 429
  /** One line. */
  readonly detail: string
  readonly retryAfterS?: number
}

/** Outlives a reload. */
export class AdminAccess {
  readonly #failed = new FailedLogins()
  readonly #onFailure: (address: string, why: string) => void
  readonly #now: () => number
  #tokens = new TokenTable([])

  constructor({ onFailure = () => {}, now = Date.now }: AccessOptions = {}) {
    this.#onFailure = onFailure
    this.#now = now
  }

  use(plans: readonly AdminTokenPlan[]): void {
    this.#tokens = new TokenTable(plans, this.#tokens)
  }

  /** Nobody needs a token. */
  get isOpen(): boolean {
    return this.#tokens.isEmpty
  }

  /** Requests without a right token, since the start. */
  get failures(): number {
    return this.#failed.total
  }

  /** Whether a stream that was opened in that name may go on. */
  stillKnows(principal: Principal | undefined): boolean {
    return principal === undefined ? this.isOpen : this.#tokens.has(principal)
  }

  /** @param token undefined = none was shown */
  admit(address: string, token: string | undefined, needed: Role): Principal | Denial {
    const now = this.#now()
    const waitS = this.#failed.waitS(address, now)
    const found = token === undefined ? undefined : this.#tokens.find(token)
    if (found !== undefined && (waitS === 0 || this.#failed.mayPass(address, found.name))) {
      this.#failed.succeeded(address, found.name)
      if (mayAct(found.role, needed)) return found
      const detail = `the token ${found.name} has the role ${found.role}, and this needs ${needed}`
      return { status: 403, detail }
    }
    const why = token === undefined ? 'no token' : 'a token that is not known'
    if (waitS === 0) this.#onFailure(address, why)
    this.#failed.failed(address, now)
    if (waitS > 0) {
      const detail = `too many requests without a right token from this address; wait ${waitS} s`
      return { status: 429, detail, retryAfterS: waitS }
    }
    const detail =
      token === undefined
        ? 'this needs a token: Authorization: Bearer TOKEN (vigia: --token-file FILE, or VIGIA_TOKEN)'
        : 'the token is not known here'
    return { status: 401, detail }
  }
}
