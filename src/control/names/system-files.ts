// The hosts file and resolv.conf: reads them, and tells when they say something else.

import { fingerprint, fingerprintOfFailure } from '../../config/read/inputs.ts'
import { NO_FILE, readRegularFileAside } from '../../config/read/regular-file.ts'
import { InputWatch } from '../../config/read/watch.ts'

export interface SystemFiles {
  readonly hosts: string
  readonly resolvConf: string
}

/** What they say; '' where there is no such file. */
export type SystemTexts = SystemFiles

export const SYSTEM_FILES: SystemFiles = { hosts: '/etc/hosts', resolvConf: '/etc/resolv.conf' }

export interface SystemFilesOptions {
  readonly files: SystemFiles
  /** At the start, and whenever they say something else. */
  readonly onTexts: (texts: SystemTexts) => void
  /** One line. */
  readonly warn: (text: string) => void
}

export class SystemFilesReader {
  readonly #options: SystemFilesOptions
  readonly #watch: InputWatch
  #closed = false

  constructor(options: SystemFilesOptions) {
    this.#options = options
    this.#watch = new InputWatch({
      onChange: () => void this.read(),
      onDeaf: why => options.warn(`watching the names of this machine: ${why}`),
    })
  }

  /** Never rejects. */
  async read(): Promise<void> {
    const { files, onTexts } = this.#options
    const [hosts, resolvConf] = await Promise.all([this.#read(files.hosts), this.#read(files.resolvConf)])
    if (this.#closed) return
    this.#watch.follow(new Map([hosts.print, resolvConf.print]))
    onTexts({ hosts: hosts.text, resolvConf: resolvConf.text })
  }

  close(): void {
    this.#closed = true
    this.#watch.close()
  }

  async #read(path: string): Promise<{ text: string; print: [string, string] }> {
    const { warn } = this.#options
    try {
      const found = await readRegularFileAside(path)
      if ('bytes' in found) return { text: found.bytes.toString('utf8'), print: [path, fingerprint(found.bytes)] }
      warn(`${path} is ${found.not === NO_FILE ? 'not a file' : 'larger than 1 MiB'} and counts as empty`)
      return { text: '', print: [path, found.not] }
    } catch (error) {
      const code = fingerprintOfFailure(error)
      if (code !== 'ENOENT') warn(`${path} can't be read (${code}) and counts as empty`)
      return { text: '', print: [path, code] }
    }
  }
}
