// An order with all that it takes: the account, which is made where there is none yet, and one connection of its own to the CA. Loaded
// with the first order only, as is all that it imports: no vigia without ACME has acme-client in its memory.

import { generateKeyPairSync } from 'node:crypto'
import type { AcmePlan } from '../../../plan/acme.ts'
import { nextAskMs, type RenewalWindow, renewalWindowIn } from '../../../policy/certificates/renewal.ts'
import type { Accounts } from './accounts.ts'
import { Ca, CaError } from './ca.ts'
import type { Offered } from './challenge-board.ts'
import type { Account } from './kept.ts'
import { obtain } from './obtain.ts'
import { type KeyAndCertificate, renewalId } from './x509.ts'

export interface OrderOptions {
  readonly plan: AcmePlan
  readonly name: string
  /** PEM of the certificate of this CA that it follows; undefined = none. */
  readonly former: string | undefined
  readonly accounts: Accounts
  readonly offer: (offered: Offered) => Promise<() => void>
  readonly version: string
  readonly signal: AbortSignal
}

/** Rejects with a CaError, or with the signal's reason. */
export async function order(options: OrderOptions): Promise<KeyAndCertificate> {
  try {
    return await orderOnce(options)
  } catch (error) {
    const isForgotten = error instanceof CaError && error.type === 'accountDoesNotExist'
    const account = options.accounts.get(options.plan.directory)
    if (!isForgotten || account === undefined) throw error
    // The CA has begun anew, or has ended the account: the same key gets another one.
    options.accounts.put({ ...account, url: undefined })
    return orderOnce(options)
  }
}

async function orderOnce(options: OrderOptions): Promise<KeyAndCertificate> {
  const { plan, name, former, offer, signal } = options
  const { key, url } = await registered(options)
  const ca = new Ca({ ...options, accountKey: key, accountUrl: url })
  try {
    const replaces = former === undefined || !(await ca.knowsRenewals()) ? undefined : renewalId(former)
    return await obtain({ ca, name, challenge: plan.challenge, replaces, offer, signal })
  } finally {
    ca.close()
  }
}

export interface RenewalAdvice {
  /** Undefined = it says nothing. */
  readonly window: RenewalWindow | undefined
  /** Until it is to be asked again, ms. */
  readonly againInMs: number
}

/** What the CA of a certificate says of its renewal. Never rejects: it is advice. */
export async function renewalAdvice(
  cert: string,
  { plan, version, signal }: Pick<OrderOptions, 'plan' | 'version' | 'signal'>,
): Promise<RenewalAdvice> {
  const nothing = { window: undefined, againInMs: nextAskMs(undefined) }
  // Nobody signs this question.
  const ca = new Ca({ plan, accountKey: newKey(), accountUrl: undefined, version, signal })
  try {
    const id = renewalId(cert)
    if (id === undefined || !(await ca.knowsRenewals())) return nothing
    return { window: renewalWindowIn(await ca.renewalInfo(id)), againInMs: nextAskMs(ca.retryAfterMs) }
  } catch (error) {
    return { window: undefined, againInMs: nextAskMs(error instanceof CaError ? error.retryAfterMs : undefined) }
  } finally {
    ca.close()
  }
}

async function registered(options: OrderOptions): Promise<Account> {
  const { accounts, plan } = options
  const known = accounts.get(plan.directory)
  if (known?.url !== undefined && known.email === plan.email) return known
  return accounts.making(plan.directory, () => register(known, options))
}

async function register(known: Account | undefined, options: OrderOptions): Promise<Account> {
  const { accounts, plan } = options
  const { directory, email } = plan
  // Kept before the CA sees it: an account whose key is lost can't be used again.
  const account = known ?? { directory, key: newKey(), url: undefined, email: undefined }
  accounts.put(account)
  const ca = new Ca({ ...options, accountKey: account.key, accountUrl: account.url })
  try {
    const made = { ...account, url: await ca.register(email), email }
    accounts.put(made)
    return made
  } finally {
    ca.close()
  }
}

function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  return privateKey
}
