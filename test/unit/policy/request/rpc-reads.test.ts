import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  compileRpcReads,
  isDeclaredRead,
  parseUnambiguous,
  RPC_METHOD_PATTERN,
} from '../../../../src/policy/request/rpc-reads.ts'
import { threadMs } from '../../../support/cpu-time.ts'
import { amount } from '../../../support/thorough.ts'

const ODOO = compileRpcReads({ methods: ['read', 'search_read', 'fields_get', 'sale.*.summary'], bodyBytes: 65_536 })
const TRYTON = compileRpcReads({
  methods: ['model.*.search_read', 'model.*.read', 'model.res.user.get_preferences'],
  bodyBytes: 65_536,
})

const kw = (model: unknown, method: unknown, more: object = {}) => ({
  jsonrpc: '2.0',
  id: 7,
  method: 'call',
  params: { model, method, args: [[['name', '=', 'x']]], kwargs: { context: { lang: 'pt_BR' } }, ...more },
})
const external = (service: unknown, method: unknown, args: unknown[]) => ({
  jsonrpc: '2.0',
  method: 'call',
  params: { service, method, args },
})
const tryton = (method: unknown, params: unknown = [[1], ['name'], {}]) => ({ id: 3, method, params })
const isOdooRead = (body: unknown) => isDeclaredRead(JSON.stringify(body), ODOO)
const isTrytonRead = (body: unknown) => isDeclaredRead(JSON.stringify(body), TRYTON)

describe('Odoo', () => {
  test('reads by the web client and by the external API', () => {
    expect(isOdooRead(kw('res.partner', 'search_read'))).toBe(true)
    expect(isOdooRead(kw('sale.order', 'read'))).toBe(true)
    expect(isOdooRead(kw('sale.order', 'summary'))).toBe(true)
    expect(isOdooRead(external('object', 'execute_kw', ['db', 2, 'pw', 'res.partner', 'search_read', [], {}]))).toBe(
      true,
    )
    expect(isOdooRead(external('object', 'execute', ['db', 2, 'pw', 'res.partner', 'read', [1]]))).toBe(true)
  })

  test('everything else is no read', () => {
    const others = [
      kw('sale.order', 'create'),
      kw('sale.order', 'action_confirm'),
      kw('stock.picking', 'summary'),
      kw('sale.order', 'read.create'),
      kw('sale.order', 'create.summary'),
      kw('sale.order', ['read']),
      kw(undefined, 'read'),
      kw('sale..order', 'summary'),
      kw('', 'read'),
      kw('sale.order', 'read', { Method: 'create' }),
      kw('sale.order', 'read', { path: '/x' }),
      external('common', 'login', ['db', 'user', 'pw', 'res.partner', 'read']),
      external('db', 'execute_kw', ['db', 2, 'pw', 'res.partner', 'read']),
      external('object', 'read', ['db', 2, 'pw', 'res.partner', 'read']),
      external('object', 'execute_kw', ['db', 2, 'pw', 'res.partner', 'write', [1], {}]),
      external('object', 'execute_kw', ['db', 2, 'pw', 'res.partner']),
      { ...kw('sale.order', 'read'), Method: 'call' },
      { ...kw('sale.order', 'read'), params: [] },
      { jsonrpc: '2.0', method: 'call', params: { model: 'sale.order', fields: ['name'] } },
      { jsonrpc: '2.0', method: 'call' },
    ]
    expect(others.filter(isOdooRead)).toEqual([])
  })
})

describe('Tryton', () => {
  test('reads of any model', () => {
    for (const method of ['model.sale.sale.search_read', 'model.party.party.read', 'model.res.user.get_preferences']) {
      expect(isTrytonRead(tryton(method)), method).toBe(true)
    }
  })

  test('everything else is no read', () => {
    const methods = [
      'model.sale.sale.create',
      'model.sale.sale.confirm',
      'common.db.login',
      'model.read',
      'model..read',
      '.model.x.read',
      'model.x.read.',
      'model.x.read2',
      'Model.x.read',
      'model.x.READ',
      'model.x\n.read',
      'model.x y.read',
      'wizard.model.x.read',
      `model.${'x'.repeat(200)}.read`,
      '',
      null,
      7,
      ['model.sale.sale.read'],
    ]
    expect(methods.filter(method => isTrytonRead(tryton(method)))).toEqual([])
  })
})

describe('bodies', () => {
  test('a batch is a read only where each of its calls is one', () => {
    const read = tryton('model.sale.sale.read')
    expect(isTrytonRead([read, tryton('model.party.party.search_read')])).toBe(true)
    expect(isTrytonRead([read, tryton('model.sale.sale.create')])).toBe(false)
    expect(isTrytonRead([])).toBe(false)
    expect(isTrytonRead([[read]])).toBe(false)
    expect(isTrytonRead([read, null])).toBe(false)
  })

  test('a key that is there twice makes two readers differ', () => {
    const read = '"method":"model.sale.sale.read"'
    const twice = [
      `{"method":"model.sale.sale.create",${read},"params":[]}`,
      `{${read},"params":[],"m\\u0065thod":"model.sale.sale.read"}`,
      `{${read},"params":[{"a":1,"b":{"c":1,"c":1}}]}`,
      `{${read},"params":[],"params":[]}`,
      `[{${read},"id":1,"id":1}]`,
    ]
    expect(isDeclaredRead(`{${read},"params":[]}`, TRYTON)).toBe(true)
    expect(twice.filter(body => isDeclaredRead(body, TRYTON))).toEqual([])
  })

  test('what is no JSON to everyone is no read', () => {
    const read = '{"method":"model.sale.sale.read","params":[]}'
    const bodies = [
      '',
      ' ',
      `\ufeff${read}`,
      `\xef\xbb\xbf${read}`,
      `${read}x`,
      `${read}${read}`,
      read.slice(0, -1),
      read.replace('[]', '[NaN]'),
      read.replace('[]', '[1,]'),
      read.replace('[]', '[/**/]'),
      read.replaceAll('"', "'"),
      `${read}\0`,
      Buffer.from(read, 'utf16le').toString('latin1'),
      'null',
      '"model.sale.sale.read"',
    ]
    expect(bodies.filter(body => isDeclaredRead(body, TRYTON))).toEqual([])
    expect(isDeclaredRead(` \r\n\t${read}\n`, TRYTON)).toBe(true)
  })

  test('one beyond the cap is not looked at', () => {
    const body = JSON.stringify(tryton('model.sale.sale.read'))
    const capped = (bodyBytes: number) => compileRpcReads({ methods: ['model.*.read'], bodyBytes })
    expect(isDeclaredRead(body, capped(body.length))).toBe(true)
    expect(isDeclaredRead(body, capped(body.length - 1))).toBe(false)
  })

  test('the deepest nesting that fits ends in a verdict, soon', () => {
    const deep = `{"method":"model.sale.sale.read","params":${'['.repeat(30_000)}${']'.repeat(30_000)}}`
    const started = threadMs()
    expect(isDeclaredRead(deep, TRYTON)).toBe(true)
    expect(isDeclaredRead('['.repeat(60_000), TRYTON)).toBe(false)
    expect(isDeclaredRead('{"a":'.repeat(12_000), TRYTON)).toBe(false)
    expect(threadMs() - started).toBeLessThan(1000)
  })

  test('any text at all ends in a verdict, and only a declared name makes it a read', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      'method',
      '"method"',
      'params',
      'read',
      '1',
      ' ',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map(all => all.join('')),
        ),
        body => {
          if (isDeclaredRead(body, ODOO)) expect(body).toMatch(/read|fields_get|summary/)
        },
      ),
      { numRuns: amount(700) },
    )
  })
})

describe('parseUnambiguous', () => {
  interface Text {
    readonly json: string
    /** A key is there twice, or is written with an escape. */
    readonly ambiguous: boolean
  }

  /** A key as any writer may spell it. */
  const spelled = fc
    .tuple(fc.constantFrom('a', 'b', 'method', '__proto__', ':', '"', '\\', ''), fc.boolean())
    .map(([key, escaped]) => {
      const json = escaped
        ? `"${[...key].map(char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`
        : JSON.stringify(key)
      return { key, json }
    })
  const leaf = fc
    .oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.constantFrom('{"a":1}', '\\":', ':::'))
    .map((value): Text => ({ json: JSON.stringify(value), ambiguous: false }))
  const { value: anyText } = fc.letrec<{ value: Text }>(tie => ({
    value: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('value'), { maxLength: 3 }).map(
        (items): Text => ({
          json: `[${items.map(item => item.json).join(' , ')}]`,
          ambiguous: items.some(item => item.ambiguous),
        }),
      ),
      fc.array(fc.tuple(spelled, tie('value')), { maxLength: 3 }).map(
        (members): Text => ({
          json: `{${members.map(([name, item]) => `${name.json} : ${item.json}`).join(',')}}`,
          ambiguous:
            members.some(([name, item]) => item.ambiguous || name.json.includes('\\')) ||
            new Set(members.map(([{ key }]) => key)).size < members.length,
        }),
      ),
    ),
  }))

  test('is not misled by keys that V8 misreads', () => {
    // After the first text JSON.parse takes the key of the second for a backslash: nodejs/node#63785.
    parseUnambiguous('{"h":[],"\\\\":0}')
    expect(parseUnambiguous('{"h":1,"\\"":2}')).toBeUndefined()
  })

  test('gives the value of any JSON, unless a key is there twice or has an escape', () => {
    fc.assert(
      fc.property(anyText, ({ json, ambiguous }) => {
        expect(parseUnambiguous(json)).toEqual(ambiguous ? undefined : JSON.parse(json))
      }),
      { numRuns: amount(1000) },
    )
  })
})

test('names of methods: no star at the end, one at most, nothing but words and dots', () => {
  const form = new RegExp(RPC_METHOD_PATTERN)
  const fine = ['read', 'a.b', 'model.*.read', '*.read', 'a.*.b.c']
  const not = ['*', 'model.*', 'a.*.*.b', '*.*.b', 'a*.b', 'a..b', '.a', 'a.', 'a b', '', 'a.b*', 'a-b']
  expect(fine.filter(name => !form.test(name))).toEqual([])
  expect(not.filter(name => form.test(name))).toEqual([])
})
