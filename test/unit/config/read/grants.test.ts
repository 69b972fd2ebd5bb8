// What a configuration that comes over the admin API may name: the file's own files, each for its own use, those of granted folders, and
// the variables that the file refers to.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatProblem } from '../../../../src/config/forms/problem.ts'
import { loadBytes, loadConfig } from '../../../../src/config/read/load.ts'
import { documentOf, type Parts } from '../support.ts'

const SECRET = 'a-secret-of-the-machine'
const ENV = { PROBE: 'of-the-file', OTHER: SECRET }
const header = (file: string) => `health: { headers: { X-Key: { file: ${file} } } }`

let root: string
let config: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'vigia-grants-'))
  config = join(root, 'vigia.yaml')
  mkdirSync(join(root, 'given/deep'), { recursive: true })
  mkdirSync(join(root, 'elsewhere'))
  for (const name of ['own.key', 'given/key', 'given/deep/key', 'elsewhere/key'])
    writeFileSync(join(root, name), SECRET)
  symlinkSync('../elsewhere/key', join(root, 'given/link'))
  symlinkSync('../elsewhere', join(root, 'given/way'))
  writeFileSync(
    config,
    documentOf({
      pool: header('own.key'),
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of the document
      more: 'accessLog: { path: own.log }\nadmin: { address: "127.0.0.1:9900", files: [given] }\nlanguage: "${LANG_OF_PAGES:-en}"\nheaders: { via: "${PROBE}" }',
    }),
  )
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** What is said of a document that comes over the API; undefined = it is taken. */
function judged(parts: Parts): string | undefined {
  const file = loadConfig(config, ENV)
  if (!file.ok) throw new Error(file.problems.map(formatProblem).join('\n'))
  const loaded = loadBytes(new TextEncoder().encode(documentOf(parts)), config, ENV, 1, 'change', file.grants)
  return loaded.ok ? undefined : loaded.problems.map(({ path, message }) => `${path}: ${message}`).join('\n')
}

test('the files that the file names itself may be named again, for the same use', () => {
  expect(judged({ pool: header('own.key') })).toBeUndefined()
  expect(judged({ pool: header(join('.', 'given', '..', 'own.key')) })).toBeUndefined()
  expect(judged({ more: 'accessLog: { path: own.log }' })).toBeUndefined()
  expect(judged({ pool: 'affinity: { mode: cookie, keyFile: own.key }' })).toMatch(
    /keyFile: the file "own.key" may not be named/,
  )
  expect(judged({ more: 'accessLog: { path: own.key }' })).toMatch(
    /accessLog.path: the file "own.key" may not be named/,
  )
})

test('files of granted folders may be named, but through no link', () => {
  for (const file of ['given/key', 'given/deep/key']) expect(judged({ pool: header(file) })).toBeUndefined()
  expect(judged({ more: 'accessLog: { path: given/new.log }' })).toBeUndefined()
  for (const file of ['given/link', 'given/way/key', 'given/../elsewhere/key', 'given', 'given/none/key']) {
    expect(judged({ pool: header(file) }), file).toMatch(/may not be named over the admin API/)
    expect(judged({ more: `accessLog: { path: ${file} }` }), file).toMatch(/accessLog.path: the file/)
  }
})

test('of any other file nothing is told, not even whether it is there', () => {
  const about = (file: string) => judged({ pool: header(file) })?.replaceAll(JSON.stringify(file), 'FILE')
  const said = ['elsewhere/key', 'elsewhere/none', '/etc/shadow', '/proc/self/environ', '/no/such'].map(about)
  expect(new Set(said).size).toBe(1)
  expect(said[0]).toMatch(/name it in the configuration file, or give its folder in admin.files there/)
  expect(judged({ more: 'store: /var/lib/elsewhere.db' })).toMatch(/^store: the file/)
  expect(judged({ more: 'store: { path: /var/lib/elsewhere.db }' })).toMatch(/^store.path: the file/)
})

describe('what may be included', () => {
  const PART = 'timeouts: { connect: 3s }\n'
  /** What is said of the document with this at its beginning. */
  function judgedWith(include: string, own: { readonly include?: string; readonly before?: () => void } = {}): string {
    const main = join(root, 'including.yaml')
    writeFileSync(main, `${own.include === undefined ? '' : `include: ${own.include}\n`}${documentOf({ more: ADMIN })}`)
    const file = loadConfig(main, ENV)
    if (!file.ok) throw new Error(file.problems.map(formatProblem).join('\n'))
    own.before?.()
    const text = `include: ${include}\n${documentOf({})}`
    const loaded = loadBytes(new TextEncoder().encode(text), main, ENV, 1, 'change', file.grants)
    return loaded.ok ? 'taken' : loaded.problems.map(({ path, message }) => `${path}: ${message}`).join('\n')
  }
  const ADMIN = 'admin: { address: "127.0.0.1:9900", files: [given] }'

  beforeAll(() => {
    mkdirSync(join(root, 'conf.d'))
    for (const name of ['conf.d/a.yaml', 'given/a.yaml', 'elsewhere/a.yaml']) writeFileSync(join(root, name), PART)
    // As a ConfigMap has it: the file's own includes may be links.
    symlinkSync('../elsewhere/a.yaml', join(root, 'conf.d/link.yaml'))
    writeFileSync(join(root, 'given/on.yaml'), 'include: [../elsewhere/a.yaml]\n')
    writeFileSync(join(root, 'elsewhere/secret.yaml'), `${SECRET}: 1\n`)
  })

  test('is what the file includes, as it says so', () => {
    expect(judgedWith('["conf.d/a*.yaml"]', { include: '["conf.d/a*.yaml"]' })).toBe('taken')
    expect(judgedWith('[conf.d/link.yaml]', { include: '[conf.d/link.yaml]' })).toBe('taken')
    expect(judgedWith('[given/on.yaml]', { include: '[given/on.yaml]' })).toBe('taken')
  })

  test('is nothing else: no other pattern, nothing that a file there includes, and no file of a granted folder', () => {
    for (const other of ['conf.d/*', 'elsewhere/secret.yaml', '/etc/shadow', 'given/a.yaml', 'given/*'])
      expect(judgedWith(`["${other}"]`, { include: '["conf.d/a*.yaml"]' }), other).toMatch(
        /^include\[0\]: ".*" may not be included over the admin API: /,
      )
    // Since the file was read, another one is included there.
    writeFileSync(join(root, 'conf.d/later.yaml'), PART)
    const before = () => writeFileSync(join(root, 'conf.d/later.yaml'), 'include: [../elsewhere/a.yaml]\n')
    expect(judgedWith('[conf.d/later.yaml]', { include: '[conf.d/later.yaml]', before })).toMatch(
      /"..\/elsewhere\/a.yaml" may not be included/,
    )
  })

  test('is told of no file that is not given: whether it is there, and what is in it', () => {
    const about = (file: string) => judgedWith(`[${file}]`).replace(JSON.stringify(file), 'FILE')
    expect(new Set(['elsewhere/secret.yaml', 'elsewhere/none', '/etc/shadow', '/no/such'].map(about)).size).toBe(1)
    expect(about('elsewhere/secret.yaml')).not.toContain(SECRET)
  })
})

test('no folder is added over the API', () => {
  const more = (folders: string) => `admin: { address: "127.0.0.1:9900", files: [${folders}] }`
  expect(judged({ more: more('given') })).toBeUndefined()
  expect(judged({ more: more('given, /') })).toMatch(/^admin.files\[1\]: can be added in the configuration file only/)
})

test('variables of the environment may be used that the file uses', () => {
  const via = (text: string) => judged({ more: `headers: { via: "${text}" }` })
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: references of the document
  expect(via('${PROBE}')).toBeUndefined()
  expect(via('${LANG_OF_PAGES:-x}')).toBeUndefined()
  for (const text of ['${OTHER}', '${OTHER:-x}', '${NOT_SET}']) {
    expect(via(text)).toMatch(/^headers.via: the environment variable \w+ may not be used over the admin API/)
    expect(via(text)).not.toContain(SECRET)
  }
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: references of the document
})

test('a pipe, whoever names it, is refused at once', () => {
  execFileSync('mkfifo', [join(root, 'pipe')])
  const loaded = loadBytes(new TextEncoder().encode(documentOf({ pool: header('pipe') })), config, ENV)
  expect(loaded.ok ? [] : loaded.problems.map(({ message }) => message)).toEqual([
    expect.stringContaining('is not a regular file'),
  ])
})
