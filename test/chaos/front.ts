// The side of vigia that clients see, in a chaos run: its ports, certificates and ticket key, and what is done to them under load. It excuses
// nothing: no client may notice any of it.

import { randomBytes } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { H2Carrier } from '../support/carriers/h2-carrier.ts'
import { type MadeCertificate, makeCertificate } from '../support/certificates.ts'
import { freePort } from '../support/free-port.ts'
import { until } from '../support/until.ts'
import type { Vigia } from '../support/vigia.ts'
import type { Doors } from './load.ts'
import { documentOf, type Place, type RoundSetup } from './setup.ts'

const NAME = 'chaos.example'
/** Control may have much to do. */
const DONE_MS = 30_000
const TICKET_KEY_BYTES = 48

export class Front {
  readonly doors: Doors
  readonly place: Place
  readonly #certificates: readonly MadeCertificate[]
  readonly #ports: readonly number[]
  #shown = 0
  /** Index of the port that the listener which moves has now. */
  #at = 0

  private constructor(
    place: Omit<Place, 'moving'>,
    ports: readonly number[],
    ca: string,
    all: readonly MadeCertificate[],
  ) {
    this.#certificates = all
    this.#ports = ports
    this.place = { ...place, moving: [ports[0]!] }
    const moving = () => this.#ports[this.#at]!
    this.doors = { plain: place.plain, secure: place.secure, moving, trust: { ca, servername: NAME } }
  }

  static async make(folder: string, accessLog: string): Promise<Front> {
    const by = await makeCertificate({ subject: 'CN=Chaos', isAuthority: true, fromDays: -30 })
    // The clock is set by a day and more.
    const made = [1, 2].map(() => makeCertificate({ names: [NAME], by, fromDays: -30 }))
    const [plain, secure, ...ports] = await Promise.all([1, 2, 3, 4].map(() => freePort()))
    const certificate = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') }
    const spool = join(folder, 'spool')
    await mkdir(spool)
    const place = {
      accessLog,
      spool,
      plain: plain!,
      secure: secure!,
      certificate,
      ticketKeyFile: join(folder, 'ticket.key'),
    }
    const front = new Front(place, ports, by.cert, await Promise.all(made))
    await front.#writeCertificate()
    await front.#writeTicketKey()
    return front
  }

  /** Another certificate takes the place of the one that is shown. @returns what vigia owed and did not do */
  async swapCertificate(): Promise<string[]> {
    this.#shown = 1 - this.#shown
    await this.#writeCertificate()
    const { cert } = this.#certificates[this.#shown]!
    return owed('the other certificate is shown', async () => (await this.#certificateShown()) === cert.trim())
  }

  async swapTicketKey(vigia: Vigia): Promise<string[]> {
    const told = () => vigia.stderr().match(/ticket key/g)?.length ?? 0
    const before = told()
    await this.#writeTicketKey()
    return owed('the other ticket key is used', () => told() > before)
  }

  /** A listener leaves the configuration for one at another port. Nobody is on his way to it any more by then: what the kernel has is lost. */
  async move(vigia: Vigia, setup: RoundSetup, sessions: readonly H2Carrier[]): Promise<string[]> {
    const missed = await this.#reload(vigia, setup, this.#ports)
    if (missed.length > 0) return missed
    this.#at = 1 - this.#at
    missed.push(...(await owed('clients connect', () => sessions.every(each => each.connecting === 0))))
    return [...missed, ...(await this.#reload(vigia, setup, [this.doors.moving()]))]
  }

  async #reload(vigia: Vigia, setup: RoundSetup, moving: readonly number[]): Promise<string[]> {
    const { revision } = await vigia.status()
    await vigia.writeConfig(documentOf(setup, { ...this.place, moving }))
    return owed('the configuration is another', async () => {
      const status = await vigia.status()
      return status.revision > revision && status.workers.every(worker => worker.revision === status.revision)
    })
  }

  async #writeCertificate(): Promise<void> {
    const { certFile, keyFile } = this.place.certificate
    const { cert, key } = this.#certificates[this.#shown]!
    await replace(keyFile, key)
    await replace(certFile, cert)
  }

  #writeTicketKey(): Promise<void> {
    return replace(this.place.ticketKeyFile, randomBytes(TICKET_KEY_BYTES).toString('base64'))
  }

  /** PEM; undefined = no handshake came to its end. */
  #certificateShown(): Promise<string | undefined> {
    const { secure, trust } = this.doors
    return new Promise(resolve => {
      const socket = connect({ host: '127.0.0.1', port: secure, ...trust })
      socket.on('error', () => resolve(undefined))
      socket.on('secureConnect', () => {
        const { raw } = socket.getPeerX509Certificate() ?? {}
        resolve(raw && pem(raw))
        socket.destroy()
      })
    })
  }
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----`
}

/** Whoever reads it finds the one or the other. */
async function replace(file: string, content: string): Promise<void> {
  await writeFile(`${file}.new`, content, { mode: 0o600 })
  await rename(`${file}.new`, file)
}

async function owed(what: string, condition: () => boolean | Promise<boolean>): Promise<string[]> {
  return until(what, condition, { timeoutMs: DONE_MS }).then(
    () => [],
    (error: Error) => [error.message],
  )
}
