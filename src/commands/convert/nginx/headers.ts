// Fields that nginx sets and removes. What vigia sets by itself needs no word; the rest are `headers` of the route.

import type { Directive } from '../directive.ts'
import type { Draft, Entry, Route } from '../draft.ts'
import { hstsOf, removeField, setField, templateOf, type Way } from '../fields.ts'
import { inherited, type Levels } from './scope.ts'
import { OWN_FIELDS } from './words.ts'

const VARIABLE = /\$\{(\w+)\}|\$(\w+)/g
const VARIABLES: Readonly<Record<string, string>> = {
  remote_addr: '{client}',
  host: '{host}',
  http_host: '{host}',
  scheme: '{scheme}',
  request_id: '{request-id}',
}
const HSTS = 'strict-transport-security'

/** @param pass `proxy_pass`, which stands in `levels` @param routes that it makes */
export function addHeaders(draft: Draft, levels: Levels, pass: Directive, routes: readonly Route[]): void {
  const requested = inherited(levels, 'proxy_set_header')
  for (const each of requested) requestField(draft, each, routes)
  if (!requested.some(({ args }) => args[0]?.toLowerCase() === 'host'))
    draft.note(
      'differs',
      pass,
      'vigia passes on the Host that the client asked for; nginx sends that of proxy_pass unless told otherwise',
    )
  for (const each of inherited(levels, 'add_header')) {
    const [name = '', value = ''] = each.args
    if (name.toLowerCase() !== HSTS) setAll(draft, each, routes, 'response', name, value)
  }
  for (const each of inherited(levels, 'proxy_hide_header'))
    for (const route of routes) removeField(route, 'response', each.args[0] ?? '')
  inherited(levels, 'proxy_pass_header')
}

/** Strict-Transport-Security is a matter of the listener. */
export function addServerHeaders(draft: Draft, levels: Levels, listener: Entry): void {
  for (const each of levels[0]!.concat(...levels[0]!.map(({ block }) => block ?? []))) {
    const [name = '', value = ''] = each.args
    if (each.name !== 'add_header' || name.toLowerCase() !== HSTS) continue
    const hsts = hstsOf(value)
    each.used = true
    if (hsts === undefined)
      draft.note('unconverted', each, 'vigia knows max-age, includeSubDomains and preload: hsts of a listener')
    else if (listener.keys.tls !== undefined) listener.keys.hsts = hsts
  }
}

function requestField(draft: Draft, directive: Directive, routes: readonly Route[]): void {
  const [name = '', value = ''] = directive.args
  const lower = name.toLowerCase()
  const usual = OWN_FIELDS.get(lower)
  if (usual?.test(value)) return
  if (lower === 'host') {
    return draft.note('differs', directive, 'vigia passes on the Host that the client asked for, and no other')
  }
  if (lower === 'accept-encoding' && value === '') {
    return draft.note('differs', directive, 'compress: { offload: true } of a route has the same effect')
  }
  if (usual !== undefined)
    return draft.note('differs', directive, `vigia says ${name} itself: what it knows of the client`)
  if (value === '') for (const route of routes) removeField(route, 'request', name)
  else setAll(draft, directive, routes, 'request', name, value)
}

function setAll(
  draft: Draft,
  directive: Directive,
  routes: readonly Route[],
  way: Way,
  name: string,
  value: string,
): void {
  const text = templateOf(value, VARIABLE, variable => VARIABLES[variable])
  if (text === undefined || text.trim() === '') {
    return draft.note(
      'unconverted',
      directive,
      'vigia knows {client}, {host}, {scheme}, {request-id} in a value, and nothing else',
    )
  }
  for (const route of routes) setField(route, way, name, text.trim())
}
