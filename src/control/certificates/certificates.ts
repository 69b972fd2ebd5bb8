// The certificates in use: reads those that the configuration names, takes those of other sources, and hands all to the workers. A
// renewed one is no other configuration.

import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Snapshot } from '../../plan/snapshot.ts'
import type { CertificateFiles } from '../../plan/tls.ts'
import type { TlsMaterial } from '../../shared/tls-material.ts'
import { readPair } from '../../tls/certificate.ts'
import { CannotServe } from '../workers/cannot-serve.ts'
import type { CertificateSource } from './certificate-source.ts'
import { type ListenedCertificate, servedCertificates } from './material.ts'
import { type PairRead, readPairFiles } from './pair-files.ts'

type Listening = Pick<Snapshot, 'listeners' | 'routes' | 'acme'>

export interface CertificatesOptions {
  /** Those whose certificates come after the files' of the same listener, in this order. */
  readonly sources: readonly CertificateSource[]
  /** Hands them to every worker that runs. */
  readonly send: (material: TlsMaterial) => void
}

/** As node:tls takes them. */
const TICKET_KEY_BYTES = 48

export class Certificates {
  readonly #options: CertificatesOptions
  readonly #ticketKeys = randomBytes(TICKET_KEY_BYTES)
  #pairs: ReadonlyMap<string, PairRead> = new Map()
  #inUse: Listening | undefined
  #material: TlsMaterial | undefined

  constructor(options: CertificatesOptions) {
    this.#options = options
  }

  /** Undefined = no listener has TLS. */
  get material(): TlsMaterial | undefined {
    return this.#material
  }

  /**
   * Has workers know what a configuration needs, beside what they have for the one in use: to be called before they get it. Rejects with
   * CannotServe where a certificate can't be served; then nothing has changed.
   */
  async prepare(wanted: Listening): Promise<void> {
    const pairs = new Map(this.#pairs)
    for (const files of filesOf(wanted)) {
      const id = idOf(files)
      const read = await readPairFiles(files, Date.now())
      const fault = read.faults.find(({ kind }) => kind !== 'time')
      if (fault === undefined) pairs.set(id, read)
      else if (!pairs.has(id)) {
        const file = fault.in === 'key' ? files.keyFile : files.certFile
        throw new CannotServe(`the file ${JSON.stringify(file)} ${fault.message}`, undefined)
      }
    }
    for (const source of this.#options.sources) await source.prepare?.(wanted)
    this.#pairs = pairs
    const former = this.#inUse
    this.#put([wanted, ...(former === undefined ? [] : [former])])
  }

  /** Every worker uses this configuration: what only the former one needed goes. */
  adopt(used: Listening): void {
    const ids = new Set([...filesOf(used)].map(idOf))
    this.#pairs = new Map([...this.#pairs].filter(([id]) => ids.has(id)))
    this.#inUse = used
    this.#put([used])
  }

  /** A source has others than before. */
  refresh(): void {
    if (this.#inUse !== undefined) this.#put([this.#inUse])
  }

  #put(configurations: readonly Listening[]): void {
    const certificates = servedCertificates(configurations.flatMap(each => this.#certificatesOf(each)))
    if (isDeepStrictEqual(certificates, this.#material?.certificates ?? [])) return
    this.#material = { certificates, ticketKeys: this.#ticketKeys }
    this.#options.send(this.#material)
  }

  #certificatesOf(configuration: Listening): ListenedCertificate[] {
    const ofFiles = configuration.listeners.flatMap(({ name: listener, tls }) =>
      (tls?.certificates ?? []).flatMap(files => {
        const { cert, key, facts } = this.#pairs.get(idOf(files)) ?? {}
        return facts === undefined ? [] : [{ listener, cert: cert!, key: key!, facts }]
      }),
    )
    const supplied = this.#options.sources.flatMap(source => source.certificatesFor(configuration))
    return [
      ...ofFiles,
      ...supplied.flatMap(({ listeners, cert, key }) => {
        const { facts } = readPair(cert, key, Date.now())
        return facts === undefined ? [] : listeners.map(listener => ({ listener, cert, key, facts }))
      }),
    ]
  }
}

function* filesOf({ listeners }: Listening): Iterable<CertificateFiles> {
  for (const { tls } of listeners) yield* tls?.certificates ?? []
}

function idOf({ certFile, keyFile }: CertificateFiles): string {
  return `${certFile}\0${keyFile}`
}
