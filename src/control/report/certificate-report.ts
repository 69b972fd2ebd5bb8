// The certificates in use as /status, `vigia certificates` and a scrape have them: each once, with all listeners that show it.

import type { AuthorityReport, CertificateReport } from '../../admin/contract/certificates.ts'
import type { AuthoritySample, CertificateSample } from '../../metrics/source.ts'
import { certificateState } from '../../policy/certificates/expiry.ts'
import { iso } from '../../util/words.ts'
import type { InUseAuthority, InUseCertificate } from '../certificates/certificates.ts'

const DAY_MS = 86_400_000

/** @param nowMs epoch ms */
export function certificateReports(inUse: readonly InUseCertificate[], nowMs: number): CertificateReport[] {
  const byIdentity = Map.groupBy(inUse, ({ facts, files }) => `${facts.fingerprint} ${files?.certFile}`)
  return [...byIdentity.values()].map(same => {
    const { facts, came, files, problem } = same[0]!
    const { names, issuer, isSelfSigned, keyWords, fromMs, untilMs, fingerprint } = facts
    return {
      names,
      issuer,
      selfSigned: isSelfSigned,
      key: keyWords,
      notBefore: iso(fromMs),
      notAfter: iso(untilMs),
      daysLeft: Math.floor((untilMs - nowMs) / DAY_MS),
      state: certificateState(facts, nowMs),
      came,
      certFile: files?.certFile ?? null,
      listeners: [...new Set(same.map(({ listener }) => listener))],
      fingerprint,
      problem: problem ?? null,
    }
  })
}

/** Of clients. @param nowMs epoch ms */
export function authorityReports(inUse: readonly InUseAuthority[], nowMs: number): AuthorityReport[] {
  return inUse.map(({ facts, files, listeners, problem }) => {
    const { kind, name, fromMs, untilMs, revoked } = facts
    return {
      kind,
      name,
      notBefore: iso(fromMs),
      notAfter: untilMs === undefined ? null : iso(untilMs),
      state: certificateState({ fromMs, untilMs: untilMs ?? Number.POSITIVE_INFINITY }, nowMs),
      revoked: revoked ?? null,
      file: kind === 'authority' ? files.caFile : files.revokedFile!,
      listeners,
      problem: problem ?? null,
    }
  })
}

/** Of each name and kind the one that ends first: others could not be told from it. */
export function authoritySamples(inUse: readonly InUseAuthority[]): AuthoritySample[] {
  const series = Map.groupBy(inUse, ({ facts }) => `${facts.kind} ${facts.name}`)
  return [...series.values()].map(same => {
    const ends = ({ facts }: InUseAuthority) => facts.untilMs ?? Number.POSITIVE_INFINITY
    const first = same.reduce((a, b) => (ends(b) < ends(a) ? b : a))
    const { kind, name, fromMs } = first.facts
    return { kind, name, fromMs, untilMs: ends(first), refused: same.some(each => each.problem !== undefined) }
  })
}

/** For each listener, first name and kind of key the one that ends first: others could not be told from it. */
export function certificateSamples(inUse: readonly InUseCertificate[]): CertificateSample[] {
  const series = Map.groupBy(inUse, ({ listener, facts }) => JSON.stringify([listener, facts.names[0], facts.keyType]))
  return [...series.values()].map(same => {
    const { listener, facts } = same.reduce((a, b) => (b.facts.untilMs < a.facts.untilMs ? b : a))
    const { names, keyType, fromMs, untilMs } = facts
    return {
      listener,
      name: names[0]!,
      keyType,
      fromMs,
      untilMs,
      refused: same.some(each => each.problem !== undefined),
    }
  })
}
