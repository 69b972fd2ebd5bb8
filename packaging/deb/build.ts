// npm run package:deb [FOLDER]: builds the Debian package vigia_VERSION_ARCHITECTURE.deb in FOLDER (default: build/). It brings its own
// runtime, and asks Debian only for what that is linked to. Needs dpkg-deb and binutils, and npm's registry.

import { execFileSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { ROOT, run, stageApp, versionOf } from '../app.ts'
import { COMPLETIONS, completionScripts } from '../completions.ts'

const HERE = import.meta.dirname
/** Whoever builds it, as Debian's own tools find out (DEBFULLNAME, DEBEMAIL), else as git does. */
const MAINTAINER = `${process.env.DEBFULLNAME ?? ofGit('name')} <${process.env.DEBEMAIL ?? ofGit('email')}>`

const DEPENDS = [
  // What Node.js is linked to.
  ...['libc6 (>= 2.28)', 'libstdc++6 (>= 8)', 'libgcc-s1', 'libatomic1'],
  // The user.
  'adduser',
]

function build(target: string): string {
  const root = mkdtempSync(join(tmpdir(), 'vigia-deb-'))
  try {
    const app = join(root, 'usr/lib/vigia')
    mkdirSync(dirname(app), { recursive: true })
    stageApp(app)
    const version = versionOf(app)
    layOut(root, app, version)
    const architecture = execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim()
    control(root, version, architecture)
    run('chmod', ['755', root], root)
    const file = join(target, `vigia_${version}_${architecture}.deb`)
    mkdirSync(target, { recursive: true })
    run('dpkg-deb', ['--root-owner-group', '-Zxz', '-z2', '--build', root, file], ROOT)
    return file
  } finally {
    rmSync(root, { recursive: true })
  }
}

function ofGit(key: 'name' | 'email'): string {
  return execFileSync('git', ['log', '-1', `--format=${key === 'name' ? '%an' : '%ae'}`], {
    cwd: ROOT,
    encoding: 'utf8',
  }).trim()
}

/** Everything but usr/lib/vigia to its place. */
function layOut(root: string, app: string, version: string): void {
  const put = (to: string, text: string | Buffer, mode = 0o644) => {
    const path = join(root, to)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text, { mode })
  }
  const file = (from: string) => readFileSync(join(ROOT, 'packaging', from))
  put('usr/bin/vigia', file('vigia.sh'), 0o755)
  put('etc/vigia/vigia.yaml', file('deb/vigia.yaml'))
  put('etc/logrotate.d/vigia', file('logrotate'))
  put('lib/systemd/system/vigia.service', file('systemd/vigia.service'))
  put('lib/systemd/system/vigia.socket', file('systemd/vigia.socket'))
  put('usr/lib/sysctl.d/60-vigia.conf', file('systemd/60-vigia.sysctl'))
  const scripts = completionScripts(app)
  for (const [shell, to] of Object.entries(COMPLETIONS)) put(to, scripts[shell]!)
  for (const page of globSync('*', { cwd: join(app, 'dist/man') })) {
    const section = page.split('.').at(-1)
    put(`usr/share/man/man${section}/${page}.gz`, gzipSync(readFileSync(join(app, 'dist/man', page)), { level: 9 }))
  }
  const doc = 'usr/share/doc/vigia'
  put(`${doc}/copyright`, file('deb/copyright'))
  put(`${doc}/LICENSES.txt.gz`, gzipSync(readFileSync(join(app, 'LICENSES.txt')), { level: 9 }))
  put('usr/share/lintian/overrides/vigia', file('deb/lintian-overrides'))
  put(`${doc}/changelog.gz`, gzipSync(changelog(version), { level: 9 }))
  put(`${doc}/NEWS.md.gz`, gzipSync(readFileSync(join(app, 'CHANGELOG.md')), { level: 9 }))
  cpSync(join(app, 'config/examples'), join(root, doc, 'examples'), { recursive: true })
  cpSync(join(app, 'docs'), join(root, doc, 'docs'), { recursive: true })
  // What has its place elsewhere.
  for (const name of ['dist/man', 'docs', 'CHANGELOG.md', 'ARCHITECTURE.md', 'LICENSE', 'LICENSES.txt'])
    rmSync(join(app, name), { recursive: true })
}

function changelog(version: string): string {
  const date = execFileSync('date', ['-R', '-d', `@${process.env.SOURCE_DATE_EPOCH ?? Math.floor(Date.now() / 1000)}`])
  return `vigia (${version}) stable; urgency=medium\n\n  * See NEWS.md.gz.\n\n -- ${MAINTAINER}  ${date}`
}

function control(root: string, version: string, architecture: string): void {
  const files = globSync('**/*', { cwd: root })
    .filter(file => statSync(join(root, file)).isFile())
    .sort()
  const size = files.reduce((sum, file) => sum + Math.ceil(statSync(join(root, file)).size / 1024), 0)
  const to = join(root, 'DEBIAN')
  mkdirSync(to)
  for (const script of ['postinst', 'prerm', 'postrm']) {
    cpSync(join(HERE, script), join(to, script))
    run('chmod', ['755', script], to)
  }
  const etc = files.filter(file => file.startsWith('etc/'))
  writeFileSync(join(to, 'conffiles'), etc.map(file => `/${file}\n`).join(''))
  writeFileSync(
    join(to, 'md5sums'),
    execFileSync(
      'md5sum',
      files.filter(file => !etc.includes(file)),
      { cwd: root },
    ),
  )
  writeFileSync(
    join(to, 'control'),
    `Package: vigia
Version: ${version}
Architecture: ${architecture}
Maintainer: ${MAINTAINER}
Installed-Size: ${size}
Depends: ${DEPENDS.join(', ')}
Recommends: logrotate, ca-certificates
Section: net
Priority: optional
Description: load balancer and reverse proxy for the web nodes of an ERP
 vigia stands in front of the web nodes of an ERP (Odoo, ERPNext, Tryton, SAP
 and others), asks them whether they can serve, and keeps failing ones out of
 the way. A request is repeated only where that is safe; planned maintenance
 is announced to users, and nodes are drained for it.
 .
 The package brings the Node.js that vigia runs on. It does not start by
 itself: /etc/vigia/vigia.yaml has to name your nodes first.
`,
  )
}

process.umask(0o022)
console.log(build(resolve(process.argv[2] ?? join(ROOT, 'build'))))
