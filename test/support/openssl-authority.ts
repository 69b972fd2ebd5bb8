// An authority of clients, run with the openssl command as people do: it issues certificates, revokes them and lists what it has revoked.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface IssuedCertificate {
  /** PEM, its own authority behind it where that is not a root. */
  readonly cert: string
  readonly key: string
  readonly certFile: string
  readonly keyFile: string
}

export interface IssueOptions {
  /** As openssl writes it: `/O=Partner/CN=edi`. */
  readonly subject: string
  /** Default: none. */
  readonly san?: string
  /** Extended key usage; default: clientAuth. */
  readonly usage?: string
  /** Default: valid now, for ten days. */
  readonly expired?: boolean
}

export class OpensslAuthority {
  readonly certFile: string
  readonly #folder: string
  readonly #by: OpensslAuthority | undefined
  #issued = 0

  private constructor(folder: string, by: OpensslAuthority | undefined) {
    this.#folder = folder
    this.#by = by
    this.certFile = join(folder, 'ca.pem')
  }

  /** @param parent where it has its folder @param by its issuer; undefined = it signs itself */
  static async create(parent: string, subject: string, by?: OpensslAuthority): Promise<OpensslAuthority> {
    const folder = await mkdtemp(join(parent, 'ca-'))
    const authority = new OpensslAuthority(folder, by)
    await Promise.all([
      writeFile(join(folder, 'index'), ''),
      writeFile(join(folder, 'serial'), '1000\n'),
      writeFile(join(folder, 'crlnumber'), '01\n'),
      writeFile(join(folder, 'ca.cnf'), settings(folder)),
    ])
    const request = ['req', '-new', ...newKey(join(folder, 'ca.key')), '-subj', subject]
    if (by === undefined)
      await openssl(folder, [
        ...request,
        '-x509',
        '-days',
        '30',
        '-out',
        'ca.pem',
        '-addext',
        'keyUsage=keyCertSign,cRLSign',
      ])
    else {
      await openssl(folder, [...request, '-out', 'ca.csr'])
      await by.#sign(
        join(folder, 'ca.csr'),
        authority.certFile,
        'basicConstraints=CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n',
        [],
      )
    }
    return authority
  }

  get cert(): string {
    return readFileSync(this.certFile, 'utf8')
  }

  async issue({ subject, san, usage = 'clientAuth', expired = false }: IssueOptions): Promise<IssuedCertificate> {
    this.#issued += 1
    const [csr, certFile, keyFile] = ['csr', 'pem', 'key'].map(end => join(this.#folder, `${this.#issued}.${end}`)) as [
      string,
      string,
      string,
    ]
    await openssl(this.#folder, ['req', '-new', ...newKey(keyFile), '-subj', subject, '-out', csr])
    const names = san === undefined ? '' : `subjectAltName=${san}\n`
    const dates = expired ? ['-startdate', '20200101000000Z', '-enddate', '20210101000000Z'] : []
    await this.#sign(csr, certFile, `extendedKeyUsage=${usage}\n${names}`, dates)
    if (this.#by) await writeFile(certFile, readFileSync(certFile, 'utf8') + this.cert)
    return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8'), certFile, keyFile }
  }

  async revoke({ certFile }: Pick<IssuedCertificate, 'certFile'>): Promise<void> {
    await openssl(this.#folder, ['ca', '-config', 'ca.cnf', '-revoke', certFile])
  }

  /** What it has revoked, as a list. @param days until the next one is to be there */
  async list(days = 5): Promise<string> {
    await openssl(this.#folder, ['ca', '-config', 'ca.cnf', '-gencrl', '-crldays', String(days), '-out', 'list.pem'])
    return readFileSync(join(this.#folder, 'list.pem'), 'utf8')
  }

  async #sign(csr: string, out: string, extensions: string, dates: readonly string[]): Promise<void> {
    await writeFile(`${out}.cnf`, extensions)
    const what = ['ca', '-batch', '-config', 'ca.cnf', '-notext', '-in', csr, '-out', out, '-extfile', `${out}.cnf`]
    await openssl(this.#folder, [...what, ...dates])
  }
}

async function openssl(folder: string, args: readonly string[]): Promise<void> {
  await run('openssl', args, { cwd: folder })
}

function newKey(file: string): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file]
}

function settings(folder: string): string {
  return `[ca]
default_ca = own
[own]
dir = ${folder}
database = $dir/index
serial = $dir/serial
crlnumber = $dir/crlnumber
new_certs_dir = $dir
certificate = $dir/ca.pem
private_key = $dir/ca.key
default_md = sha256
default_days = 10
default_crl_days = 5
policy = any
unique_subject = no
[any]
countryName = optional
organizationName = optional
organizationalUnitName = optional
commonName = optional
`
}
