// The certificates in use: those of files, those of other sources, the authorities of clients, and the key of session tickets. Hands all of it to the workers, before
// they need it and whenever it is another. A renewed certificate is no other configuration.

import { isDeepStrictEqual } from 'node:util'
import type { Snapshot } from '../../plan/snapshot.ts'
import { type AuthorityFiles, type CertificateFiles, TICKETS_BY_DEFAULT } from '../../plan/tls.ts'
import type { ClientAuthorities, ServedCertificate, TlsMaterial } from '../../shared/tls-material.ts'
import { type CertificateFacts, readPair } from '../../tls/certificate.ts'
import type { AuthorityFacts } from '../../tls/client-authorities.ts'
import { type AuthoritiesRead, authoritiesId, authorityFiles } from './authority-files.ts'
import type { CertificateEvent } from './certificate-event.ts'
import type { CertificateSource } from './certificate-source.ts'
import { ExpiryWatch } from './expiry-watch.ts'
import { LiveFiles } from './live-files.ts'
import { type ListenedCertificate, servedCertificates } from './material.ts'
import { type PairRead, pairFiles } from './pair-files.ts'
import { TicketKeys } from './ticket-keys.ts'

/** What of a configuration says which certificates are needed. */
export type Listening = Pick<Snapshot, 'listeners' | 'routes' | 'tickets' | 'admin' | 'acme'>

export interface CertificatesOptions {
  /** Those whose certificates come after the files' of the same listener, in this order. */
  readonly sources: readonly CertificateSource[]
  /** Hands them to every worker that runs. */
  readonly send: (material: TlsMaterial) => void
  /** Hands those of the admin listener to it. */
  readonly sendToAdmin: (certificates: readonly ServedCertificate[]) => void
  readonly tell: (event: CertificateEvent) => void
  /** One line, for the log. */
  readonly warn: (text: string) => void
  /** See LiveFiles. */
  readonly halvesMs?: number
}

/** A certificate of a listener, and where it is from. */
export interface InUseCertificate extends ListenedCertificate {
  readonly came: 'file' | CertificateSource['came']
  readonly files: CertificateFiles | undefined
  /** Why the files hold something that can't be used; undefined = they hold what is served. */
  readonly problem: string | undefined
}

/** An authority of clients, or a list of one, of the listeners that believe it. */
export interface InUseAuthority {
  readonly listeners: readonly string[]
  readonly files: AuthorityFiles
  readonly facts: AuthorityFacts
  /** As of InUseCertificate. */
  readonly problem: string | undefined
}

/** Stands for the admin listener among the names of listeners: none begins so. */
export const ADMIN_LISTENER = '(admin)'

/** How often ends are looked at, and files that could not be used. */
const LOOK_MS = 60_000

export class Certificates {
  readonly #options: CertificatesOptions
  readonly #files: LiveFiles<CertificateFiles, PairRead>
  readonly #authorities: LiveFiles<AuthorityFiles, AuthoritiesRead>
  readonly #tickets: TicketKeys
  readonly #expiry: ExpiryWatch<CertificateFacts>
  readonly #authorityExpiry: ExpiryWatch<EndingAuthority>
  #inUse: Listening | undefined
  /** Of the configuration in use. */
  #list: readonly InUseCertificate[] = []
  #material: TlsMaterial | undefined
  #ofAdmin: readonly ServedCertificate[] = []
  /** What certificates of sources say, by themselves and their keys: to read one takes a millisecond. */
  #known = new Map<string, CertificateFacts>()
  /** By performance.now(). */
  #lookedMs = Number.NEGATIVE_INFINITY

  constructor(options: CertificatesOptions) {
    this.#options = options
    const parts = { ...options, changed: () => this.refresh() }
    const { tell } = options
    this.#files = new LiveFiles(pairFiles(tell), parts)
    this.#authorities = new LiveFiles(authorityFiles(tell), parts)
    this.#tickets = new TicketKeys(parts)
    this.#expiry = new ExpiryWatch((inUse, mark) => tell({ type: 'certificate', kind: 'expires', inUse, mark }))
    this.#authorityExpiry = new ExpiryWatch(({ files, ...inUse }, mark) =>
      tell({ type: 'certificate', kind: 'authority-expires', files, inUse, mark }),
    )
  }

  /** Undefined = no listener has TLS. */
  get material(): TlsMaterial | undefined {
    return this.#material
  }

  /** Those of the listeners in use, in the order in which they count. */
  get list(): readonly InUseCertificate[] {
    return this.#list
  }

  /** The authorities of clients in use, and their lists. */
  get authorities(): readonly InUseAuthority[] {
    const asking = (this.#inUse?.listeners ?? []).filter(({ tls }) => tls?.clients !== undefined)
    const byFiles = Map.groupBy(asking, ({ tls }) => authoritiesId(tls!.clients!))
    return [...byFiles.values()].flatMap(same => {
      const set = this.#authorities.get(same[0]!.tls!.clients!)
      const listeners = same.map(({ name }) => name)
      return (set?.inUse.facts ?? []).map(facts => ({ listeners, files: set!.files, facts, problem: set!.problem }))
    })
  }

  /**
   * Has workers know what a configuration needs, beside what they have for the one in use: to be called before they get it. Rejects with
   * CannotServe where a file can't be used; then nothing has changed.
   */
  async prepare(wanted: Listening): Promise<void> {
    try {
      await this.#files.prepare(filesOf(wanted))
      await this.#authorities.prepare(authoritiesOf(wanted))
      await this.#tickets.use(wanted.tickets ?? TICKETS_BY_DEFAULT)
      for (const source of this.#options.sources) await source.prepare?.(wanted)
    } catch (error) {
      if (this.#inUse === undefined) this.close()
      else this.adopt(this.#inUse)
      throw error
    }
    this.#put(this.#inUse === undefined ? [wanted] : [wanted, this.#inUse])
  }

  /** Every worker uses this configuration: what only the former one needed goes. */
  adopt(used: Listening): void {
    this.#files.keepOnly(filesOf(used))
    this.#authorities.keepOnly(authoritiesOf(used))
    for (const source of this.#options.sources) source.adopt?.(used)
    this.#inUse = used
    this.refresh()
  }

  /** Files or a source have others than before. */
  refresh(): void {
    if (this.#inUse === undefined) return
    this.#put([this.#inUse])
    this.#list = this.#certificatesOf(this.#inUse)
    this.#lookAtEnds()
  }

  /** Time has passed: once a second. */
  tick(): void {
    if (this.#inUse === undefined || this.#list.length === 0) return
    const nowMs = performance.now()
    this.#tickets.tick(this.#inUse.tickets ?? TICKETS_BY_DEFAULT, nowMs)
    if (nowMs - this.#lookedMs < LOOK_MS) return
    this.#lookAtEnds()
    this.#lookAtProblems()
  }

  /** The wall clock was set: what is valid is judged by it. */
  clockStepped(): void {
    this.#lookAtEnds()
    this.#lookAtProblems()
  }

  #lookAtProblems(): void {
    for (const files of [this.#files, this.#authorities]) if (files.hasProblems) void files.look(true)
  }

  close(): void {
    this.#files.close()
    this.#authorities.close()
    this.#tickets.close()
  }

  #lookAtEnds(): void {
    this.#lookedMs = performance.now()
    const nowMs = Date.now()
    this.#expiry.look(new Map(this.#list.map(({ facts }) => [facts.fingerprint, facts])), nowMs)
    this.#authorityExpiry.look(new Map(this.authorities.flatMap(endingOf)), nowMs)
  }

  #put(configurations: readonly Listening[]): void {
    const all = configurations.flatMap(each => this.#certificatesOf(each))
    this.#known = new Map(all.map(({ cert, key, facts }) => [cert + key, facts]))
    this.#sendToAdmin(servedCertificates(all.filter(({ listener }) => listener === ADMIN_LISTENER)))
    const certificates = servedCertificates(all.filter(({ listener }) => listener !== ADMIN_LISTENER))
    const ticketKeys = this.#tickets.key
    const former = this.#material
    const authorities = this.#authoritiesOf(configurations)
    if (former === undefined && certificates.length === 0) return
    const isSame = former?.ticketKeys === ticketKeys && isSameList(former.authorities, authorities)
    if (isSame && isDeepStrictEqual(certificates, former.certificates)) return
    this.#material = { certificates, ticketKeys, authorities }
    this.#options.send(this.#material)
  }

  #certificatesOf(configuration: Listening): InUseCertificate[] {
    const { listeners, admin } = configuration
    const ofListeners = [
      ...listeners.flatMap(({ name, tls }) => this.#ofFiles(name, tls?.certificates ?? [])),
      ...this.#ofSources(configuration),
    ]
    if (admin?.tls === undefined) return ofListeners
    const { certificates } = admin.tls
    const ofAdmin = certificates.length > 0 ? this.#ofFiles(ADMIN_LISTENER, certificates) : ofListeners
    return [...ofListeners, ...ofAdmin.map(each => ({ ...each, listener: ADMIN_LISTENER }))]
  }

  #authoritiesOf(configurations: readonly Listening[]): ClientAuthorities[] | undefined {
    const wanted = new Map(configurations.flatMap(authoritiesOf).map(files => [authoritiesId(files), files]))
    const found = [...wanted.values()].flatMap(files => this.#authorities.get(files) ?? [])
    return found.length === 0 ? undefined : found.map(({ files, inUse: { trust } }) => ({ files, trust }))
  }

  #sendToAdmin(certificates: readonly ServedCertificate[]): void {
    if (isDeepStrictEqual(certificates, this.#ofAdmin)) return
    this.#ofAdmin = certificates
    this.#options.sendToAdmin(certificates)
  }

  #ofFiles(listener: string, certificates: readonly CertificateFiles[]): InUseCertificate[] {
    return certificates.flatMap(files => {
      const pair = this.#files.get(files)
      if (pair === undefined) return []
      const { cert, key, facts } = pair.inUse
      return [{ listener, cert, key, facts: facts!, came: 'file' as const, files, problem: pair.problem }]
    })
  }

  *#ofSources(configuration: Listening): Iterable<InUseCertificate> {
    for (const source of this.#options.sources) {
      const { came } = source
      for (const { listeners, cert, key } of source.certificatesFor(configuration)) {
        const facts = this.#factsOf(cert, key, came)
        if (facts === undefined) continue
        for (const listener of listeners)
          yield { listener, cert, key, facts, came, files: undefined, problem: undefined }
      }
    }
  }

  #factsOf(cert: string, key: string, came: string): CertificateFacts | undefined {
    const known = this.#known.get(cert + key)
    if (known !== undefined) return known
    const { facts, faults } = readPair(cert, key, Date.now())
    const fault = faults.find(({ kind }) => kind !== 'time')
    if (fault === undefined) return facts
    this.#options.warn(`a certificate (${came}) can't be served: its ${fault.in} ${fault.message}`)
    return undefined
  }
}

function filesOf({ listeners, admin }: Listening): CertificateFiles[] {
  return [...listeners, ...(admin === undefined ? [] : [admin])].flatMap(({ tls }) => tls?.certificates ?? [])
}

function authoritiesOf({ listeners }: Listening): AuthorityFiles[] {
  return listeners.flatMap(({ tls }) => {
    if (tls?.clients === undefined) return []
    const { caFile, revokedFile } = tls.clients
    return [{ caFile, revokedFile }]
  })
}

type EndingAuthority = AuthorityFacts & { readonly untilMs: number; readonly files: AuthorityFiles }

function endingOf({ facts, files }: InUseAuthority): [string, EndingAuthority][] {
  const { kind, name, untilMs } = facts
  if (untilMs === undefined) return []
  return [[`${kind} ${untilMs} ${name}`, { ...facts, untilMs, files }]]
}

/** What they hold is large, and is another object where it is another. */
function isSameList(a: TlsMaterial['authorities'] = [], b: TlsMaterial['authorities'] = []): boolean {
  return a.length === b.length && a.every(({ trust }, i) => trust === b[i]!.trust)
}
