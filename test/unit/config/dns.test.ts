import { describe, expect, test } from 'vitest'
import { changeText, diffSnapshots } from '../../../src/config/shown/diff.ts'
import { documentOf, problemsOf, snapshotOf } from './support.ts'

const withDns = (dns: string) => documentOf({ more: `dns: ${dns}` })

test('servers, the time that they get, and how long answers count', () => {
  const dns =
    '{ servers: [10.0.0.2, "10.0.0.3:5353", "fd00::2", "[fd00::3]:5353"], timeout: 500ms, minTtl: 5s, maxTtl: 1h }'
  expect(snapshotOf(withDns(dns)).dns).toEqual({
    servers: ['10.0.0.2', '10.0.0.3:5353', 'fd00::2', '[fd00::3]:5353'],
    timeoutMs: 500,
    minTtlMs: 5_000,
    maxTtlMs: 3_600_000,
  })
})

test('what differs is told in the words of the document', () => {
  const [before, after] = [snapshotOf(documentOf()), snapshotOf(withDns('{ servers: [10.0.0.2], maxTtl: 30s }'))]
  expect(diffSnapshots(before, after).changes.map(changeText)).toEqual([
    'dns.maxTtl 5m -> 30s',
    'dns.servers none -> ["10.0.0.2"]',
  ])
})

describe('is refused with its place', () => {
  test.each([
    ['{ servers: [ns.example.com] }', '10:18: dns.servers[0]: "ns.example.com" is not an address'],
    ['{ servers: [10.0.0.2, "10.0.0.2:0"] }', '10:28: dns.servers[1]: "10.0.0.2:0" is not an address'],
    ['{ servers: [":53"] }', '10:18: dns.servers[0]: ":53" is not an address'],
    ['{ servers: ["fe80::1%eth0"] }', '10:18: dns.servers[0]: "fe80::1%eth0" is not an address'],
    ['{ servers: ["[fe80::1%eth0]:53"] }', '10:18: dns.servers[0]: "[fe80::1%eth0]:53" is not an address'],
    ['{ servers: [] }', '10:17: dns.servers: is empty'],
    ['{ timeout: 0 }', '10:17: dns.timeout: '],
    ['{ minTtl: 10m }', '10:16: dns.minTtl: minTtl (10m) is longer than maxTtl (5m)'],
    ['{ maxTtl: 500ms }', '10:16: dns.maxTtl: minTtl (1s) is longer than maxTtl (500ms)'],
  ])('%s', (dns, problem) => {
    expect(problemsOf(withDns(dns))).toEqual([expect.stringContaining(`test.yaml:${problem}`)])
  })
})
