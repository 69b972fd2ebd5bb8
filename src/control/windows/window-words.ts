// Times of windows for people: the local time of the window's own zone, with its name.

import type { WindowScope } from '../../plan/window.ts'
import { localWords, wallAt } from '../../policy/maintenance/wall-clock.ts'

/** `2026-12-06 02:00 (America/Sao_Paulo)` */
export function whenWords(epochMs: number, timeZone: string): string {
  return `${localWords(wallAt(epochMs, timeZone))} (${timeZone})`
}

/** `until 2026-12-06 06:00 (America/Sao_Paulo)`; where the end is not known: so. */
export function untilWords(untilMs: number | undefined, timeZone: string): string {
  return untilMs === undefined ? 'past its end, until it is reopened' : `until ${whenWords(untilMs, timeZone)}`
}

/** `pool odoo` */
export function scopeWords(scope: WindowScope): string {
  switch (scope.kind) {
    case 'everything':
      return 'everything'
    case 'pool':
      return `pool ${scope.pool}`
    case 'upstream':
      return `upstream ${scope.pool}/${scope.upstream}`
    case 'route':
      return `route ${scope.route}`
  }
}
