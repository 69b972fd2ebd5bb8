// What a listener has on its list: a connection, or one that is on its way to become one (arriving.ts).

import type { ListenerPlan } from '../../../plan/listener.ts'
import type { CertificateRefusal } from '../../../tls/client-certificate.ts'
import type { ClientEvents } from '../../exchange/client-events.ts'
import type { ClientSide } from '../../exchange/downstream.ts'

export interface Member {
  readonly client: ClientSide
  /** What is under way on it. */
  exchanges(): Iterable<ClientEvents>
  /** The configuration is another one: its next exchange belongs to this listener, and believes whom that trusts. */
  reassess(listener: ListenerPlan): void
  /** Its client's certificate is not accepted any more: an idle one and tunnels end at once, another after its answer; what comes before is refused. */
  expel(refused: CertificateRefusal): void
  /** Ends at once if nothing is under way, else after that. */
  drain(): void
  /**
   * The time of the stop is up. Requests that have no answer get one, which the client may take a moment to read; all else ends at once.
   * @returns how many requests and tunnels were under way
   */
  stop(): number
  /** Notices whether the client has reset a connection that isn't read. @param keepAliveMs when the kernel is to ask a quiet one, see keep-alive.ts */
  feel(keepAliveMs: number | undefined): void
  /** Ends at once. */
  destroy(): void
}
