// Whether a request may use its route at all: who asks, for which path, how often. Made only for routes that restrict it. The rules
// are in policy/request/access.ts and policy/request/rate-limit.ts; here they meet the shared memory and the counters.

import type { RoutePlan } from '../../plan/route.ts'
import { type AccessRules, compileDeniedPaths, isDeniedPath, isForbidden } from '../../policy/request/access.ts'
import type { PresentedCertificate } from '../../policy/request/certificates/matching.ts'
import { clientKey } from '../../policy/request/client-key.ts'
import { retryAfterS } from '../../policy/request/rate-limit.ts'
import { TOTAL } from '../../shared/counter-cells.ts'
import { processNowMs } from '../../shared/process-clock.ts'
import { inRanges } from '../../util/address-ranges.ts'
import type { Runtime } from '../runtime/runtime.ts'

/** Why a request is turned away, as one of the codes of answers/codes.ts. */
export type Refusal =
  | { readonly code: 'forbidden'; readonly retryAfterS: undefined }
  | { readonly code: 'rate-limited'; readonly retryAfterS: number }

export const FORBIDDEN: Refusal = { code: 'forbidden', retryAfterS: undefined }

/** What of a request its route may restrict. */
interface Asking {
  /** Address of its client. */
  readonly client: string
  /** Normalised. */
  readonly path: string
  readonly side: { readonly tls: { readonly certificate: PresentedCertificate | undefined } | undefined }
}

/** Where it counts, and asks how often a client has asked. */
export interface AdmissionRuntime {
  readonly row: Pick<Runtime['row'], 'add'>
  readonly rates: Pick<Runtime['rates'], 'ask'>
}

export class Admission {
  readonly #route: RoutePlan
  readonly #rules: AccessRules | undefined
  readonly #runtime: AdmissionRuntime
  readonly #poolSlot: number

  /** @param poolSlot where refusals are counted @param inOneCase see `admissionsOf` */
  constructor(route: RoutePlan, runtime: AdmissionRuntime, poolSlot: number, inOneCase: boolean) {
    this.#route = route
    this.#rules = rulesOf(route, inOneCase)
    this.#runtime = runtime
    this.#poolSlot = poolSlot
  }

  /** Whether the client of a request must not have this; counted. @param readings of its path beside that */
  forbids({ client, path, side }: Asking, readings: readonly string[] | undefined): Refusal | undefined {
    const rules = this.#rules
    return rules && isForbidden(rules, client, path, readings, side.tls?.certificate) ? this.#forbidden() : undefined
  }

  /** Whether no client with this address may have anything of it; not counted. */
  forbidsAddress(client: string): boolean {
    const { allows, denies } = this.#rules ?? {}
    return denies?.(client) === true || allows?.(client) === false
  }

  /** The same, but only where nobody may have the path. */
  deniesPath(path: string, readings: readonly string[]): Refusal | undefined {
    return this.#rules && isDeniedPath(this.#rules.deniedPaths, path, readings) ? this.#forbidden() : undefined
  }

  /** Counts the request against its client's rate where it is let in, else the refusal. */
  limits(client: string): Refusal | undefined {
    const { row, rates } = this.#runtime
    const { rateLimit, name } = this.#route
    const waitMs = rateLimit ? rates.ask(name, clientKey(client), processNowMs(), rateLimit) : 0
    if (waitMs === 0) return undefined
    row.add(this.#poolSlot, TOTAL.rateLimited, 1)
    return { code: 'rate-limited', retryAfterS: retryAfterS(waitMs) }
  }

  #forbidden(): Refusal {
    this.#runtime.row.add(this.#poolSlot, TOTAL.forbidden, 1)
    return FORBIDDEN
  }
}

/** Of the routes that need one. @param inOneCase by pool: paths that are denied may come in one case too, see `spell` */
export function admissionsOf(
  routes: readonly RoutePlan[],
  runtime: AdmissionRuntime,
  poolSlots: readonly number[],
  inOneCase: readonly boolean[],
): ReadonlyMap<RoutePlan, Admission> {
  return new Map(
    routes
      .filter(({ access, rateLimit }) => access || rateLimit)
      .map(route => [route, new Admission(route, runtime, poolSlots[route.pool]!, inOneCase[route.pool]!)]),
  )
}

function rulesOf({ access }: RoutePlan, inOneCase: boolean): AccessRules | undefined {
  return (
    access && {
      allows: access.allow.length > 0 ? inRanges(access.allow) : undefined,
      denies: access.deny.length > 0 ? inRanges(access.deny) : undefined,
      deniedPaths: compileDeniedPaths(access.denyPaths, inOneCase),
      certificates: access.clientCertificate,
    }
  )
}
