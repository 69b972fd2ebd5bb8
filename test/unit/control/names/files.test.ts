import { promises as dns } from 'node:dns'
import { describe, expect, test } from 'vitest'
import { parseHosts } from '../../../../src/control/names/hosts-file.ts'
import { parseResolvConf } from '../../../../src/control/names/resolv-conf.ts'

describe('a hosts file', () => {
  const hosts = parseHosts(`
127.0.0.1\tlocalhost
::1 localhost ip6-localhost  # the same machine
10.0.0.11 ERP-1.example.com erp-1 # node
 10.0.0.12 erp-1
10.0.0.12 erp-1
FD00:0::0001 v6.
fe80::1%eth0 link
no-address name
10.0.0.300 wrong
# 10.0.0.13 erp-1
10.0.0.14
`)

  test.each([
    ['localhost', ['127.0.0.1', '::1']],
    ['erp-1', ['10.0.0.11', '10.0.0.12']],
    ['erp-1.example.com', ['10.0.0.11']],
    ['v6', ['fd00::1']],
    ['link', undefined],
    ['name', undefined],
    ['wrong', undefined],
    ['node', undefined],
  ])('says of %s: %j', (name, addresses) => expect(hosts.get(name)).toEqual(addresses))
})

describe('resolv.conf', () => {
  test('names servers, domains and options; the last of search and domain counts', () => {
    const text = `# written by DHCP
domain old.test
nameserver 10.0.0.2
nameserver fd00::2 ; second
search Erp.test. example.com .
options ndots:5 timeout:2 rotate
options attempts:3 edns0
`
    expect(parseResolvConf(text)).toEqual({
      servers: ['10.0.0.2', 'fd00::2'],
      search: ['erp.test', 'example.com'],
      ndots: 5,
      timeoutMs: 2_000,
      attempts: 3,
    })
  })

  test('says nothing: the server of this machine, no domains, one dot, two tries', () => {
    const expected = { servers: ['127.0.0.1'], search: [], ndots: 1, timeoutMs: undefined, attempts: 2 }
    expect(parseResolvConf('')).toEqual(expected)
    expect(parseResolvConf('nameserver ns.test\nnameserver\nnameserver 10.0.0.2:99999\nsearch\noptions')).toEqual(
      expected,
    )
  })

  test('is bounded', () => {
    const many = (line: (i: number) => string) => Array.from({ length: 300 }, (_, i) => line(i))
    const text = [...many(i => `nameserver 10.0.1.${i % 250}`), `search ${many(i => `d${i}.test`).join(' ')}`]
    const conf = parseResolvConf([...text, 'options ndots:99 timeout:9999 attempts:0'].join('\n'))
    expect(conf.servers).toHaveLength(3)
    expect(conf.search).toHaveLength(32)
    expect(conf).toMatchObject({ ndots: 15, timeoutMs: 30_000, attempts: 1 })
  })

  test('every server that is taken is one that node:dns takes', () => {
    const written = [
      '10.0.0.2',
      '10.0.0.2:5353',
      'fd00::2',
      '[fd00::2]:5353',
      'fe80::1%lo',
      '[fd00::2]',
      '[::1',
      'x:53',
    ]
    for (const server of written.flatMap(each => parseResolvConf(`nameserver ${each}`).servers))
      expect(() => new dns.Resolver().setServers([server])).not.toThrow()
  })
})
