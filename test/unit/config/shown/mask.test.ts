// A configuration that is shown keeps its structure and loses its secrets.

import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { joinFiles } from '../../../../src/config/read/include/kept-files.ts'
import { maskConfiguration } from '../../../../src/config/shown/mask.ts'
import { isSecretKey, withoutSecrets } from '../../../../src/config/shown/secrets.ts'
import { fc, test as property } from '../property.ts'

const CONFIG = resolve(import.meta.dirname, '../../../../config')

/** A document with these secrets in every place that takes one. */
function documentWith([key, header, body, query, env]: readonly [string, string, string, string, string]) {
  return {
    listeners: [{ name: 'web', address: ':8080' }],
    routes: [{ pool: 'erp' }],
    pools: {
      erp: {
        affinity: { cookie: 'VIGIA', keys: [key, `\${KEY:-${env}}`] },
        health: {
          path: `/health?deep=1&token=${query}`,
          headers: { Authorization: `Bearer ${header}`, 'X-Api-Key': header, Accept: 'text/html' },
          body,
          expect: { body: `welcome, password: ${query}` },
        },
        upstreams: [{ name: 'erp-1', url: `http://admin:${query}@10.0.0.1:8069` }],
      },
    },
    accessLog: { path: `/var/log/${key}.log` },
  }
}

const secret = fc
  .string({ minLength: 6, maxLength: 40, unit: 'grapheme-ascii' })
  .filter(text => /[0-9A-Za-z]{3}/.test(text) && /[QXZ]/.test(text))
/** What goes into addresses and queries has their alphabet. */
const plain = fc.stringMatching(/^[0-9A-Za-z_-]{6,40}$/).filter(text => /[QXZ]/.test(text))

describe('a masked configuration', () => {
  property(
    'never contains a secret of the document',
    [fc.tuple(secret, plain, secret, plain, plain)],
    secrets => {
      const shown = maskConfiguration(stringify(documentWith(secrets)))
      for (const each of secrets) {
        expect(shown).not.toContain(each)
        expect(shown).not.toContain(JSON.stringify(each).slice(1, -1))
      }
      expect(Object.keys(parse(shown).pools.erp.health.headers)).toEqual(['Authorization', 'X-Api-Key', 'Accept'])
    },
    500,
  )

  test('keeps everything else as it was written, references and paths of files too', () => {
    const text = `
# the old password was hunter2
workers: 2
pools:
  erp: &erp
    affinity: { cookie: VIGIA, keys: ["\${NEW_KEY}", "0123456789abcdef0123456789abcdef"], ttl: 8h }
    health: { path: /health, headers: { Authorization: "Bearer \${TOKEN}", X-Tenant: { file: ./tenant }, Accept: text/html }, body: null }
    upstreams: [{ name: erp-1, url: "http://\${NODE:-10.0.0.1}:8069" }]
  api:
    affinity: { cookie: A, keyFile: ./keys }
    retry: { idempotencyKey: true }
  twin: *erp
`
    const shown = parse(maskConfiguration(text))
    const { erp, api, twin } = shown.pools
    expect(shown.workers).toBe(2)
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a reference
    expect(erp.affinity).toEqual({ cookie: 'VIGIA', keys: ['${NEW_KEY}', '***'], ttl: '8h' })
    expect(erp.health).toEqual({
      path: '/health',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a reference
      headers: { Authorization: 'Bearer ${TOKEN}', 'X-Tenant': { file: './tenant' }, Accept: 'text/html' },
      body: null,
    })
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a reference
    expect(erp.upstreams[0].url).toBe('http://${NODE:-10.0.0.1}:8069')
    expect(api).toEqual({ affinity: { cookie: 'A', keyFile: './keys' }, retry: { idempotencyKey: true } })
    expect(twin).toEqual(erp)
    expect(maskConfiguration(text)).not.toContain('hunter2')
  })

  test.each(['vigia.yaml', ...globSync('examples/*.yaml', { cwd: CONFIG })])(
    'of %s still has all of its keys',
    file => {
      const text = readFileSync(join(CONFIG, file), 'utf8')
      const shape = (value: unknown): unknown =>
        Array.isArray(value)
          ? value.map(shape)
          : typeof value === 'object' && value !== null
            ? Object.entries(value).map(([key, below]) => [key, shape(below)])
            : typeof value
      expect(shape(parse(maskConfiguration(text)))).toEqual(shape(parse(text)))
    },
  )

  test('of several files is one that includes nothing, and says which file each part is from', () => {
    const files = [
      { name: 'vigia.yaml', text: 'include: [conf.d/*.yaml]\nlisteners: [web]\nroutes: [one]\npools: { a: 1 }\n' },
      { name: 'conf.d/b.yaml', text: 'routes: [two, three]\npools:\n  b: { password: hush-hush }\n' },
      { name: '/etc/c.yaml', text: 'routes: [hush-hush]\nworkers: 1\n' },
    ]
    const shown = maskConfiguration(joinFiles(files))
    expect(shown).toBe(`# include: ["conf.d/*.yaml"]
# What these files say stands below.

# from vigia.yaml
listeners:
  - web
routes:
  - one
  # from conf.d/b.yaml
  - two
  - three
  # from /etc/c.yaml
  - "***"
# from vigia.yaml
pools:
  a: 1
  # from conf.d/b.yaml
  b:
    password: "***"
# from /etc/c.yaml
workers: 1
`)
    expect(maskConfiguration(shown)).toBe(shown.replaceAll(/ *#.*\n\n?/g, ''))
  })

  test('of what is no YAML is empty', () => {
    expect(maskConfiguration('a: [')).toBe('')
  })
})

describe('what counts as a secret', () => {
  test.each([
    [['admin', 'tokens'], true],
    [['smtp', 'password'], true],
    [['affinity', 'keys'], true],
    [['affinity', 'keyFile'], false],
    [['health', 'headers', 'x-anything'], true],
    [['health', 'headers', 'Host'], false],
    [['health', 'body'], true],
    [['limits', 'body'], false],
    [['health', 'expect', 'body'], false],
    [['retry', 'idempotencyKey'], false],
    [['window', 'bypass'], false],
    [['balance', 'key'], false],
  ])('%j: %s', (keys, is) => {
    expect(isSecretKey(keys)).toBe(is)
  })

  test.each([
    ['http://user:pw@10.0.0.1/', 'http://***@10.0.0.1/'],
    ['/health?db=erp&token=abc', '/health?db=***&token=***'],
    ['^password=hunter2 ok', '^password=*** ok'],
    ['Authorization: Basic YTpi', 'Authorization: ***'],
    ['what? yes', 'what? yes'],
    ['-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n', '***\n'],
    ['2026-12-06T02:00', '2026-12-06T02:00'],
  ])('%j is shown as %j', (text, shown) => {
    expect(withoutSecrets(text)).toBe(shown)
  })
})
