// What `vigia check` says of host names: it asks a real DNS server, and at most warns.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { check } from '../../../src/commands/check.ts'
import { type DnsServer, type Entry, startDnsServer } from '../../support/dns-server.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function checked(zone: Readonly<Record<string, Entry>>, hosts: readonly string[], timeout = '2s') {
  const server: DnsServer = await startDnsServer(zone)
  const folder = await mkdtemp(join(tmpdir(), 'vigia-check-'))
  cleanUps.push(
    () => server.close(),
    () => rm(folder, { recursive: true }),
  )
  const config = join(folder, 'vigia.yaml')
  await writeFile(
    config,
    `listeners: [{ name: web, address: "127.0.0.1:8080" }]
routes: [{ pool: erp }]
dns: { servers: ["${server.address}"], timeout: ${timeout} }
pools:
  erp:
    upstreams: # vigia: allow tcp-probe, one-node
${hosts.map((host, i) => `      - { name: erp-${i}, url: "http://${host}:8069" }\n`).join('')}`,
  )
  const err: string[] = []
  const code = await check({ config }, { env: {}, out: () => {}, err: line => err.push(line.replace(config, 'FILE')) })
  return { code, err, server }
}

test('names that are found, and addresses, are not worth a word', async () => {
  const { code, err } = await checked({ 'erp.test': { addresses: ['10.0.0.1'] } }, [
    'erp.test',
    '10.0.0.2',
    'localhost',
  ])
  expect({ code, err }).toEqual({ code: 0, err: [] })
})

test('a name that is not found is a warning at its place, and no error', async () => {
  const { code, err } = await checked({ 'erp.test': { addresses: ['10.0.0.1'] } }, ['erp.test', 'typo.test'])
  expect(code).toBe(0)
  expect(err).toEqual([
    'FILE:8:29: warning: pools.erp.upstreams[1].url: its host name is not found here: as long as that is so the upstream is out',
  ])
})

test('DNS that does not answer is one warning for all names', async () => {
  const names = ['a.test', 'b.test', 'c.test']
  const { code, err, server } = await checked(Object.fromEntries(names.map(name => [name, 'silence'])), names, '100ms')
  expect(code).toBe(0)
  expect(err).toEqual([
    `FILE:7:29: warning: pools.erp.upstreams[0].url: its host name could not be looked up (nor those of 2 other upstreams): DNS doesn't answer (${server.address})`,
  ])
})

test('advice is told with its place and code, and with --strict it is an error', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-check-'))
  cleanUps.push(() => rm(folder, { recursive: true }))
  const config = join(folder, 'vigia.yaml')
  const text =
    'listeners: [{ name: web, address: "127.0.0.1:8080" }]\nroutes: [{ pool: erp }]\npools:\n  erp:\n    health: tcp\n    upstreams: [{ name: a, url: "http://10.0.0.1" }, { name: b, url: "http://10.0.0.2" }]\n'
  await writeFile(config, text)
  for (const strict of [false, true]) {
    const err: string[] = []
    const code = await check({ config, strict }, { env: {}, out: () => {}, err: line => err.push(line) })
    expect(code).toBe(strict ? 1 : 0)
    expect(err[0]).toMatch(/vigia\.yaml:5:5: advice: pools\.erp\.health: .* \[tcp-probe\]$/)
  }
})
