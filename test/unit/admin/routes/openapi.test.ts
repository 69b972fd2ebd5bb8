import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import type { MaintenanceParts } from '../../../../src/admin/contract/maintenance.ts'
import type { ControlOperations } from '../../../../src/admin/contract/operations.ts'
import type { ControlView } from '../../../../src/admin/contract/status.ts'
import { buildAdmin } from '../../../../src/admin/server.ts'
import { Feed } from '../../../../src/control/events/feed.ts'

interface Operation {
  readonly operationId: string
  readonly summary?: string
  readonly description: string
  readonly security: readonly object[]
  readonly parameters?: readonly { readonly in: string; readonly name: string }[]
  readonly requestBody?: object
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>
}
interface Document {
  readonly openapi: string
  readonly info: { readonly version: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> }
}

async function documentOf() {
  const view = { status: () => ({ version: '1.2.3' }) } as unknown as ControlView
  const app = buildAdmin(view, () => {}, {
    operations: {} as ControlOperations,
    boundTo: '127.0.0.1',
    events: new Feed(),
    maintenance: {} as MaintenanceParts,
  })
  return { app, document: (await app.inject('/openapi.json')).json<Document>() }
}

/** `POST /pools/{pool}/drain`, of what the server itself says that it serves. Several methods at once are 405s. */
function routesIn(printed: string): string[] {
  const routes: string[] = []
  const parents: string[] = []
  for (const line of printed.split('\n')) {
    const [, indent, part, methods] = /^([│ ]*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?$/.exec(line) ?? []
    if (indent === undefined) continue
    parents.length = indent.length / 4
    parents.push(part!)
    const path = parents.join('').replace(/:(\w+)/g, '{$1}')
    const served = (methods ?? '').split(', ').filter(method => method !== 'HEAD' && method !== '')
    const [first] = served
    if (first !== undefined)
      routes.push(...(served.includes('PATCH') ? [first] : served).map(method => `${method} ${path}`))
  }
  return routes
}

test('every route is described, and nothing else', async () => {
  const { app, document } = await documentOf()
  const described = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map(method => `${method.toUpperCase()} ${path}`),
  )
  expect(described.sort()).toEqual(routesIn(app.printRoutes({ commonPrefix: false })).sort())
  expect(described).toContain('POST /pools/{pool}/upstreams/{upstream}/weight')
  expect([document.openapi, document.info.version]).toEqual(['3.1.0', '1.2.3'])
})

test('every operation has a name of its own, says what it does and who may, takes what its path names, and tells its problems', async () => {
  const { document } = await documentOf()
  const ids = new Set<string>()
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const what = `${method} ${path}`
      expect(ids.has(operation.operationId), what).toBe(false)
      ids.add(operation.operationId)
      expect(operation.summary, what).toMatch(/\w/)
      expect(operation.description, what).toMatch(/Needs no token|Role: (read|operate|admin)/)
      expect(operation.security.length > 0, what).toBe(!/healthz|readyz/.test(path))
      const named = operation.parameters?.filter(each => each.in === 'path').map(({ name }) => name) ?? []
      expect(named, what).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
      expect(operation.requestBody !== undefined, what).toBe(method !== 'get')
      expect(Object.keys(operation.responses), what).toEqual(expect.arrayContaining(['200', '429', '500']))
      for (const [status, { content }] of Object.entries(operation.responses)) {
        if (Number(status) >= 400) expect(Object.keys(content ?? {}), what).toEqual(['application/problem+json'])
      }
    }
  }
})

test('every schema in it is a valid one, and every reference leads somewhere', async () => {
  const { document } = await documentOf()
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema(document, 'api')
  for (const name of Object.keys(document.components.schemas)) {
    expect(() => ajv.compile({ $ref: `api#/components/schemas/${name}` }), name).not.toThrow()
  }
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
    ([, name]) => name!,
  )
  expect(references.length).toBeGreaterThan(50)
  for (const name of references) expect(document.components.schemas).toHaveProperty([name])
})
