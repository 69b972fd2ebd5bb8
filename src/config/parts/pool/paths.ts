// How the upstreams of a pool read paths: what a route protects is protected in these readings too.

import Type, { type Static } from 'typebox'
import type { PathsPlan } from '../../../plan/pool.ts'
import { encodeAsSent, wrongInGlob } from '../../forms/http.ts'
import { error, type Finding, type Path, quote } from '../../forms/problem.ts'
import { boolean, section, text } from '../../forms/schema-blocks.ts'

const DEFAULTS = { ignoreCase: false } as const
const MOST_PREFIXES = 50

export const pathsSchema = section(
  {
    ignoreCase: Type.Optional(
      boolean(
        'Declares that the upstreams take /Admin for /admin, as IIS and SAP do, and what else these pass over: dots and spaces at the end of a segment, what stands in parentheses (/sap(x)/bc, /(S(x))/admin). Effect: what a route protects holds in any case; which route serves a request is decided by case all the same.',
        DEFAULTS.ignoreCase,
      ),
    ),
    prefixes: Type.Optional(
      Type.Array(
        text(
          'a path such as /pt_BR or /*',
          'One or more whole segments; * stands for any characters within one of them, once in each.',
        ),
        {
          minItems: 1,
          maxItems: MOST_PREFIXES,
          title: `a list of 1 to ${MOST_PREFIXES} paths such as /pt_BR or /*`,
          description:
            "What the upstreams cut off the front of a path before they look at it: Odoo's language (/pt_BR/web/login is /web/login there), the folder that an application is mounted in. Effect: what a route protects holds for its paths below a prefix too. A route for every path (/) is only held to its `denyPaths` there. Default: none.",
        },
      ),
    ),
  },
  'How the upstreams read paths, beside what any server may do (decode, cut ;parameters, resolve dots, merge slashes), which vigia reckons with anyway. It holds for all pools that share an upstream (host and port) with this one, and changes no request, only for which ones `access`, `rateLimit` and maintenance windows of a route hold.',
)

type PathsDocument = Static<typeof pathsSchema>

export function* checkPaths(paths: PathsDocument | undefined, at: Path): Iterable<Finding> {
  for (const [i, prefix] of (paths?.prefixes ?? []).entries()) {
    const wrong = wrongInGlob(prefix) ?? wrongInSegments(prefix)
    if (wrong !== undefined)
      yield error([...at, 'prefixes', i], `${quote(prefix)} ${wrong}, expected a path such as /pt_BR or /*`)
  }
}

function wrongInSegments(prefix: string): string | undefined {
  if (prefix.endsWith('/')) return 'ends in a slash: name whole segments'
  return /\*[^/]*\*/.test(prefix) ? 'has two * in one segment' : undefined
}

export function compilePaths(paths: PathsDocument | undefined): PathsPlan | undefined {
  const { ignoreCase = DEFAULTS.ignoreCase, prefixes = [] } = paths ?? {}
  return ignoreCase || prefixes.length > 0 ? { ignoreCase, prefixes: prefixes.map(encodeAsSent) } : undefined
}
