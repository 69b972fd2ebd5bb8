// What the upstreams run, where vigia knows its web client: how that shows its user an answer of vigia's own, and what its pages are made of.

import Type, { type Static } from 'typebox'
import type { Application } from '../../../plan/pool.ts'
import { encodeAsSent, wrongInGlob } from '../../forms/http.ts'
import type { Otherwises } from '../../forms/otherwise.ts'
import { error, type Finding, type Path, quote } from '../../forms/problem.ts'
import { text } from '../../forms/schema-blocks.ts'

const MOST_ASSETS = 50

/** Static files that need no session: what a page that is open already asks for to show a message. */
const ASSETS: Readonly<Record<Application, readonly string[]>> = {
  odoo: ['/web/static/*', '/web/assets/*'],
  frappe: ['/assets/*'],
  tryton: ['/dist/*', '/images/*', '/locale/*', '/bower_components/*'],
}

export const applicationSchema = Type.Union([Type.Literal('odoo'), Type.Literal('frappe'), Type.Literal('tryton')], {
  title: '"odoo", "frappe" or "tryton"',
  description:
    "What the upstreams run (frappe: ERPNext). Effect: its web client shows users what vigia answers in the place of an upstream (a window, overload, in-doubt) as a message. JSON for Odoo's and Frappe's clients carries it in their form of an error; what is in doubt has the status 504 there instead of 502, of which Odoo's reads no body. Tryton's clients show the reason phrase, which every answer has. And its static files are `assets`. Routes with `integration` or `longPoll` are left out. Default: none of them.",
})

export const assetsSchema = Type.Array(text('a path such as /web/static/*', 'Path; * = any characters.'), {
  maxItems: MOST_ASSETS,
  title: `a list of at most ${MOST_ASSETS} paths such as /web/static/*`,
  description:
    'Static files that pages need to show a message: GET and HEAD of them pass a maintenance window where an upstream still serves (a window of a route, or one with a `bypass`). Anybody may have them then, and only in their plain spelling. Default: those of the `application`, else none; [] = none.',
})

interface ApplicationDocument {
  readonly application?: Static<typeof applicationSchema>
  readonly assets?: Static<typeof assetsSchema>
}

export function* checkAssets({ assets = [] }: ApplicationDocument, at: Path): Iterable<Finding> {
  for (const [i, path] of assets.entries()) {
    const wrong = wrongInGlob(path) ?? (/^\/?\*/.test(path) ? 'would let nearly every path pass a window' : undefined)
    if (wrong !== undefined)
      yield error([...at, 'assets', i], `${quote(path)} ${wrong}, expected a path such as /web/static/*`)
  }
}

export function compileAssets({ application, assets }: ApplicationDocument): readonly string[] | undefined {
  return assets?.map(encodeAsSent) ?? (application && ASSETS[application])
}

/** What holds where the schema has no plain default. */
export const OTHERWISE_IN_APPLICATION: Otherwises = {
  'pools.*.assets': ({ beside, at }) =>
    beside.application === undefined
      ? undefined
      : { value: compileAssets(beside), by: 'application', from: [...at, 'application'] },
}
