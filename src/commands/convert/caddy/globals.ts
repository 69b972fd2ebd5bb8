// Caddy's global options that are keys of vigia.

import { rangesOf } from '../access.ts'
import { type Directive, take, takeLast } from '../directive.ts'
import { below, type Draft } from '../draft.ts'
import { PRIVATE_RANGES } from './matchers.ts'

export function addGlobals(draft: Draft, options: readonly Directive[]): void {
  const email = takeLast(options, 'email')
  const ca = takeLast(options, 'acme_ca')
  const root = takeLast(options, 'acme_ca_root')
  if (email?.args[0] !== undefined) below(draft.settings, 'acme').email = email.args[0]
  if (ca?.args[0] !== undefined) below(draft.settings, 'acme').directory = ca.args[0]
  if (root?.args[0] !== undefined) below(draft.settings, 'acme').caFile = root.args[0]
  if (draft.settings.acme !== undefined) below(draft.settings, 'acme').termsAgreed = true
  for (const servers of take(options, 'servers')) {
    for (const each of take(servers.block ?? [], 'trusted_proxies')) {
      const ranges = each.args
        .slice(1)
        .flatMap(range => (range === 'private_ranges' ? PRIVATE_RANGES : rangesOf(range)))
      if (each.args[0] === 'static' && ranges.length > 0) draft.settings.trustedProxies = ranges
      else draft.note('unconverted', each, 'vigia takes addresses and ranges')
    }
  }
}
