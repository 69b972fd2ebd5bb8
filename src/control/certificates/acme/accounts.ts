// Our accounts, one at each CA.

import type { Account, Keep } from './kept.ts'

export class Accounts {
  readonly #keep: Keep
  readonly #known = new Map<string, Account>()
  /** By directory. */
  readonly #making = new Map<string, Promise<Account>>()

  constructor(keep: Keep) {
    this.#keep = keep
  }

  get(directory: string): Account | undefined {
    return this.#known.get(directory)
  }

  put(account: Account): void {
    this.#known.set(account.directory, account)
    this.#keep({ kind: 'account', account })
  }

  /** Those of before the start; one that is known already is newer. */
  restore(accounts: readonly Account[]): void {
    for (const account of accounts) this.#known.getOrInsert(account.directory, account)
  }

  /** Orders that begin together make one account. */
  making(directory: string, make: () => Promise<Account>): Promise<Account> {
    return this.#making.getOrInsertComputed(directory, () => make().finally(() => this.#making.delete(directory)))
  }
}
