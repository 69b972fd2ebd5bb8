// When the kernel asks a quiet peer whether it is still there: the same key for listeners and pools.

import { error, type Finding, type Path } from '../forms/problem.ts'
import { duration } from '../forms/schema-blocks.ts'
import { parseDuration } from '../forms/units.ts'

const DEFAULT = '60s'
/** Linux takes up to 32,767 s (tcp(7), TCP_KEEPIDLE). */
const LONGEST = '9h'

/** @param whose machine it is about @param effect of its being gone @param like what HAProxy calls it */
export function tcpKeepAliveSchema(whose: string, effect: string, like: string) {
  return duration(
    `Duration, in whole seconds, at most ${LONGEST}. For how long nothing comes from ${whose} before the kernel asks it (TCP keepalive; \`${like}\` in HAProxy). Effect: a machine that answers none of six such questions within as long again is gone, and ${effect}. It also keeps firewalls on the way from forgetting a quiet connection.`,
    DEFAULT,
    'never asks',
  )
}

export function* checkTcpKeepAlive(keepAlive: string | number | undefined, at: Path): Iterable<Finding> {
  if (keepAlive !== undefined && parseDuration(keepAlive)! > parseDuration(LONGEST)!)
    yield error(at, `is more than the system takes: at most ${LONGEST}, or 0 (never asks)`)
}

export function compileTcpKeepAlive(keepAlive: string | number | undefined): number {
  return parseDuration(keepAlive ?? DEFAULT)!
}
