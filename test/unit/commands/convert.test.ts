// What `vigia convert` writes where, and its exit codes.

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ConvertOptions, convert } from '../../../src/commands/convert.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigia-convert-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const PLAIN = 'server { listen 8080; location / { proxy_pass http://127.0.0.1:8069; } }'
const PROTECTED = PLAIN.replace('location', 'auth_basic x; location')
const STICKY =
  'defaults\nmode http\nlisten a\nbind :8080\ncookie S insert\nserver a 127.0.0.1:1\nserver b 127.0.0.1:2\n'

function run(file: string, text: string | undefined, options: Partial<ConvertOptions> = {}) {
  const path = join(folder, file)
  if (text !== undefined) writeFileSync(path, text)
  let out = ''
  const err: string[] = []
  const code = convert(
    path,
    { force: false, json: false, ...options },
    { env: {}, out: each => (out += each), err: each => err.push(each) },
  )
  return { code, out, err: err.join('\n').replaceAll(folder, '') }
}

test('a whole conversion is 0, and says how to go on', () => {
  const { code, out, err } = run('nginx.conf', PLAIN)
  expect(code).toBe(0)
  expect(out).toMatch(/^# Converted from nginx\.conf \(nginx\) by vigia convert\.\n/)
  expect(err).toContain('/nginx.conf:1: proxy_pass http://127.0.0.1:8069: vigia passes on the Host')
  expect(err).toContain('passes the check')
})

test('what is left to do is 1, and stands at its place', () => {
  const { code, out, err } = run('nginx.conf', PROTECTED)
  expect(code).toBe(1)
  expect(out).toMatch(/ {2}# TODO .*nginx\.conf:1: auth_basic x: /)
  expect(err).toContain('PROTECTS, AND IS NOT CONVERTED')
})

test('a result that vigia check would refuse says why where it stands', () => {
  const { code, out } = run(
    'nginx.conf',
    PLAIN.replace('8080;', '8080 ssl; ssl_certificate gone.crt; ssl_certificate_key gone.key;'),
  )
  expect(code).toBe(1)
  expect(out).toMatch(
    /# TODO vigia check: listeners\[0\]\.tls\.certificates\[0\]\.certFile: the file "gone\.crt" does not exist/,
  )
})

describe('what can not be read is 2', () => {
  test.each([
    ['gone.conf', undefined, '/gone.conf:1: the file is not there, or can not be read'],
    ['nginx.conf', 'server {', '/nginx.conf:1: the block of server has no end: a } is missing'],
    ['something', 'hello', '/something:1: whose configuration is this? Say so with --from haproxy|nginx|caddy|traefik'],
    ['nginx.conf', `${' '.repeat(1024 * 1024)} `, '/nginx.conf:1: the file is larger than 1 MiB'],
  ])('%s', (file, text, message) => {
    expect(run(file, text)).toEqual({ code: 2, out: '', err: message })
  })
})

test('a file is only replaced where that is asked for, and one with a secret is for its owner alone', () => {
  const output = join(folder, 'vigia.yaml')
  expect(run('haproxy.cfg', STICKY, { output }).code).toBe(0)
  expect(statSync(output).mode & 0o777).toBe(0o600)
  const first = readFileSync(output, 'utf8')
  expect(run('haproxy.cfg', STICKY, { output })).toMatchObject({ code: 2, out: '' })
  expect(readFileSync(output, 'utf8')).toBe(first)
  expect(run('haproxy.cfg', STICKY, { output, force: true }).code).toBe(0)
  // Another secret each time.
  expect(readFileSync(output, 'utf8')).not.toBe(first)
})

test('nothing is written where nothing was converted', () => {
  const output = join(folder, 'vigia.yaml')
  expect(run('nginx.conf', 'server {', { output }).code).toBe(2)
  expect(existsSync(output)).toBe(false)
})

test('as JSON: the configuration, notes with their places, and problems', () => {
  const { code, out } = run('nginx.conf', PROTECTED, { json: true })
  expect(code).toBe(1)
  const { product, configuration, notes, problems } = JSON.parse(out)
  expect({ product, problems }).toEqual({ product: 'nginx', problems: [] })
  expect(configuration).toContain('denyPaths')
  expect(notes).toContainEqual(
    expect.objectContaining({ kind: 'unsafe', file: join(folder, 'nginx.conf'), line: 1, directive: 'auth_basic x' }),
  )
})
