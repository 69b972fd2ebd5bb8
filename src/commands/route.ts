// vigia route: says what would happen to a request, by a vigia that runs or by a file. Sends nothing to anybody.

import type { RouteExplanation, RouteQuestion } from '../shared/explain/route-explanation.ts'
import { refusalText } from '../util/refusal.ts'
import { EXIT } from './words/exit-codes.ts'
import { routeLines } from './words/explain/route-lines.ts'
import { laidOut, terminalColumns } from './words/paragraphs.ts'
import { hereZone } from './words/times.ts'

export interface RouteOptions {
  /** Base URL of the admin listener. */
  readonly admin: string
  readonly json: boolean
  /** `name: value`, as often as there are fields. */
  readonly header: readonly string[]
  readonly from: string
  readonly listener?: string
  /** A file, in the place of the vigia that runs. */
  readonly config?: string
}

/** Resolves with the exit code: 0 where it would go to an upstream, 1 where vigia itself would answer, 2 where nobody can say. */
export async function route(method: string, url: string, options: RouteOptions): Promise<number> {
  const { json, config } = options
  const explanation = config === undefined ? await live(method, url, options) : await onFile(method, url, options)
  if (explanation === undefined) return EXIT.usage
  const text = json
    ? JSON.stringify(explanation, null, 2)
    : laidOut(routeLines(explanation, config !== undefined), hereZone(), terminalColumns())
  console.log(text)
  return explanation.answer === undefined ? EXIT.ok : 1
}

async function live(
  method: string,
  url: string,
  { admin, header, from, listener }: RouteOptions,
): Promise<RouteExplanation | undefined> {
  const { postChange, RefusedByVigia, Unreachable } = await import('./live/client/admin-client.ts')
  try {
    const body = { method, url, headers: header, from, ...(listener === undefined ? {} : { listener }) }
    return (await postChange(admin, '/route', body)) as RouteExplanation
  } catch (error) {
    if (!(error instanceof RefusedByVigia || error instanceof Unreachable)) throw error
    const hint = error instanceof Unreachable ? ' With -c FILE no vigia has to run.' : ''
    console.error(`vigia: ${error.message}${hint}`)
    return undefined
  }
}

async function onFile(method: string, url: string, options: RouteOptions): Promise<RouteExplanation | undefined> {
  const { config = '', from, header, listener } = options
  const [{ loadConfig }, { formatProblem }, { explainOnFile }] = await Promise.all([
    import('../config/read/load.ts'),
    import('../config/forms/problem.ts'),
    import('./route-on-file.ts'),
  ])
  const loaded = loadConfig(config, process.env, 1, 'start')
  if (!loaded.ok) {
    for (const problem of loaded.problems) console.error(formatProblem(problem))
    return undefined
  }
  const fields = header.map(fieldOf)
  const wrong = header[fields.indexOf(undefined)]
  if (wrong !== undefined) {
    console.error(`vigia: -H ${JSON.stringify(wrong)} is no field: it has the form "name: value"`)
    return undefined
  }
  const known = fields.filter(each => each !== undefined)
  const question: RouteQuestion = { kind: 'route', method, url, fields: known, from, listener }
  const found = explainOnFile(loaded.snapshot, question)
  if ('code' in found) {
    console.error(`vigia: ${refusalText(found)}`)
    return undefined
  }
  const { ok: _, ...explanation } = found
  return explanation
}

function fieldOf(text: string): readonly [string, string] | undefined {
  const [, name, value] = /^([^:\s]+):[ \t]*(.*)$/s.exec(text) ?? []
  return name === undefined ? undefined : [name, value!]
}
