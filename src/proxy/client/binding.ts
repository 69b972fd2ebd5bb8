// Where a listener listens: which of them share an address, and what is said where it can't be bound.

import type { ListenerPlan } from '../../plan/listener.ts'
import type { Listener } from './listener.ts'

/** Of several on port 0 each gets a port of its own. */
export function addressKey({ name, host, port }: ListenerPlan): string {
  return port === 0 ? `${host} ${name}` : `${host} ${port}`
}

/** @throws the system's error, with the listener's name and address in its words */
export async function bindNamed(listener: Listener, on: Parameters<Listener['bind']>[0]): Promise<void> {
  try {
    await listener.bind(on)
  } catch (error) {
    const { name, host, port } = listener.plan
    const { code, message } = error as NodeJS.ErrnoException
    throw Object.assign(new Error(`listener ${name} (${host}:${port}): ${message}`), { code })
  }
}
