// Which stored answers somebody means who names a pool, a host or the beginning of a path.

/** What is not named matches everything. */
export interface CacheSelection {
  readonly pool?: string | undefined
  /** Without port: any; in any case. */
  readonly host?: string | undefined
  /** How the path begins, as it was asked for or normalised. */
  readonly path?: string | undefined
}

/**
 * @param key pool, origin and target of what is stored
 * @param normalise a target's path, where it can be
 */
export function isSelected(
  { pool, host, path }: CacheSelection,
  [ofPool, origin, target]: readonly [string, string, string],
  normalise: (target: string) => string | undefined,
): boolean {
  if (pool !== undefined && pool !== ofPool) return false
  if (host !== undefined && !isHost(host.toLowerCase(), hostOf(origin))) return false
  return path === undefined || target.startsWith(path) || normalise(target)?.startsWith(path) === true
}

/** Host and port of an origin as a key has it: what a trusted proxy said stands behind it. */
export function hostOf(origin: string): string {
  return origin
    .slice(origin.indexOf('//') + 2)
    .split('\n', 1)[0]!
    .toLowerCase()
}

function isHost(wanted: string, host: string): boolean {
  return wanted === host || wanted === host.replace(/:\d+$/, '')
}
