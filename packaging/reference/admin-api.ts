// docs/reference/admin-api.md: what the admin listener serves, by its own description (GET /openapi.json).

import type { AdminParts } from '../../src/admin/contract/parts.ts'
import type { ControlView } from '../../src/admin/contract/status.ts'
import { buildAdmin } from '../../src/admin/server.ts'
import { Feed } from '../../src/control/events/feed.ts'
import { codeCell, line, page, table } from './markdown.ts'

interface Operation {
  readonly summary: string
  readonly description: string
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly description?: string }[]
  readonly requestBody?: {
    readonly content: Readonly<
      Record<string, { readonly schema: { readonly properties?: object; readonly required?: readonly string[] } }>
    >
  }
}

interface Document {
  readonly info: { readonly description: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

export async function adminApiPage(): Promise<string> {
  const { info, paths } = await description()
  return page(
    '# Admin API',
    line(info.description),
    'A running vigia describes all of it, with the form of every answer, at `/openapi.json`. Changes are sent as `application/json`. Errors are [problems](answers.md#problems-of-the-admin-api). Where it listens, and tokens: `admin` of the [configuration](configuration.md#admin).',
    table(
      ['request', 'role', 'what it does', 'query', 'body (\\* = required)'],
      Object.entries(paths).flatMap(([path, operations]) =>
        Object.entries(operations).map(([method, each]) => [
          codeCell(`${method.toUpperCase()} ${path}`),
          /Role: (\w+)/.exec(each.description)?.[1] ?? 'anyone',
          line(each.summary),
          names((each.parameters ?? []).filter(parameter => parameter.in === 'query').map(({ name }) => name)),
          bodyOf(each),
        ]),
      ),
    ),
  )
}

function bodyOf({ requestBody }: Operation): string {
  const { properties = {}, required = [] } = requestBody?.content['application/json']?.schema ?? {}
  return names(Object.keys(properties).map(name => (required.includes(name) ? `${name}*` : name)))
}

function names(all: readonly string[]): string {
  return all.map(codeCell).join(' ')
}

/** No part is asked for anything: it is enough that it is there. */
async function description(): Promise<Document> {
  const part = {} as never
  const parts: Required<AdminParts> = {
    ...{ operations: part, reload: part, maintenance: part, history: part, configurations: part, cache: part },
    ...{ held: part, explanations: part, events: new Feed() },
  }
  const view = { status: () => ({ version: '' }) } as unknown as ControlView
  const app = buildAdmin(view, () => {}, { ...parts, boundTo: '127.0.0.1' })
  try {
    return (await app.inject('/openapi.json')).json<Document>()
  } finally {
    await app.close()
  }
}
