// npm run package:tar [FOLDER]: builds vigia-VERSION-linux-ARCHITECTURE.tar.gz in FOLDER (default: build/), with the runtime and an
// installer for any Linux with glibc and systemd. Needs tar and binutils, and npm's registry.

import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { ROOT, run, stageApp, versionOf } from '../app.ts'

const FILES = [
  ...['tar/install.sh', 'vigia.sh', 'deb/vigia.yaml', 'logrotate'],
  ...['systemd/vigia.service', 'systemd/vigia.socket', 'systemd/60-vigia.sysctl'],
]

function build(target: string): string {
  const work = mkdtempSync(join(tmpdir(), 'vigia-tar-'))
  try {
    const app = join(work, 'app')
    stageApp(app)
    const name = `vigia-${versionOf(app)}-linux-${process.arch}`
    const folder = join(work, name)
    mkdirSync(folder)
    run('mv', ['app', folder], work)
    for (const file of FILES) cpSync(join(ROOT, 'packaging', file), join(folder, basename(file)))
    mkdirSync(target, { recursive: true })
    const file = join(target, `${name}.tar.gz`)
    run('tar', ['--owner=0', '--group=0', '-czf', file, name], work)
    return file
  } finally {
    rmSync(work, { recursive: true })
  }
}

process.umask(0o022)
console.log(build(resolve(process.argv[2] ?? join(ROOT, 'build'))))
