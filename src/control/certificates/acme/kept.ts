// What must survive a restart: accounts and certificates, each with its key, as rows. They are secrets: they go to the store, to the CA
// (signed with) and to workers only.

import { type CertificateFacts, readPair } from '../../../tls/certificate.ts'

/** As the store keeps it. */
export interface KeptRow {
  readonly id: string
  readonly value: unknown
}

export interface Account {
  /** Of the CA's directory. */
  readonly directory: string
  /** PEM. */
  readonly key: string
  /** Undefined = the CA has yet to make it. */
  readonly url: string | undefined
  /** What the CA knows. */
  readonly email: string | undefined
}

export interface IssuedCertificate {
  readonly name: string
  /** Of the CA's directory. */
  readonly directory: string
  /** PEM, the server's certificate first. */
  readonly cert: string
  /** PEM. */
  readonly key: string
  readonly facts: CertificateFacts
}

/** Something that is to be written as soon as that is possible. */
export type ToKeep =
  | { readonly kind: 'account'; readonly account: Account }
  | { readonly kind: 'issued'; readonly certificate: IssuedCertificate }

export type Keep = (what: ToKeep) => void

export interface Kept {
  readonly accounts: readonly Account[]
  readonly certificates: readonly IssuedCertificate[]
}

export function rowOf(what: ToKeep): KeptRow {
  switch (what.kind) {
    case 'account':
      return { id: `account ${what.account.directory}`, value: what.account }
    case 'issued': {
      const { name, directory, cert, key } = what.certificate
      return { id: `certificate ${name}`, value: { name, directory, cert, key } }
    }
  }
}

/** What is no such row, written by another version or another hand, is left out. @param nowMs epoch ms */
export function keptIn(rows: readonly KeptRow[], nowMs: number): Kept {
  const accounts: Account[] = []
  const certificates: IssuedCertificate[] = []
  for (const { id, value } of rows) {
    const { directory, key, url, email, name, cert } = (value ?? {}) as Record<string, unknown>
    if (typeof directory !== 'string' || typeof key !== 'string') continue
    if (id.startsWith('account ')) accounts.push({ directory, key, url: textOr(url), email: textOr(email) })
    else if (typeof name === 'string' && typeof cert === 'string') {
      const issued = issuedOf({ name, directory, cert, key }, nowMs)
      if (issued !== undefined) certificates.push(issued)
    }
  }
  return { accounts, certificates }
}

/** Undefined = it can't be served, or is over. */
function issuedOf(row: Omit<IssuedCertificate, 'facts'>, nowMs: number): IssuedCertificate | undefined {
  const { facts, faults } = readPair(row.cert, row.key, nowMs)
  // The clock may be wrong still: what counts later, or did until now, is better than none.
  const isUsable = faults.every(({ kind }) => kind === 'time')
  return facts !== undefined && isUsable ? { ...row, facts } : undefined
}

function textOr(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
