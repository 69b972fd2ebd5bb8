// A node's line to its parent process: calls go out, answers come back. Ends the node when the parent is gone, so that no orphan stays.

import type { Call, Parent, ToNode, ToParent } from './messages.ts'

const ANSWER_WITHIN_MS = 5_000

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

export interface ParentLink {
  /** Every method is a call to the parent; rejects when there is no answer within 5 s. */
  readonly parent: Parent
  send(message: ToParent): void
}

/** @param onMessage told of every message that is no answer */
export function connectToParent(onMessage: (message: ToNode) => void, onGone: () => void): ParentLink {
  const waiting = new Map<number, Waiting>()
  let lastId = 0

  const send = (message: ToParent): void => {
    process.send?.(message)
  }
  const call = (method: Call['method'], args: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      lastId += 1
      const id = lastId
      const timer = setTimeout(() => {
        waiting.delete(id)
        reject(new Error(`the database did not answer ${method} within ${ANSWER_WITHIN_MS} ms`))
      }, ANSWER_WITHIN_MS)
      waiting.set(id, { resolve, reject, timer })
      send({ type: 'call', id, method, args })
    })

  process.on('message', (message: ToNode) => {
    if (message.type !== 'answer' && message.type !== 'refusal') {
      onMessage(message)
      return
    }
    const caller = waiting.get(message.id)
    if (caller === undefined) return
    waiting.delete(message.id)
    clearTimeout(caller.timer)
    if (message.type === 'answer') caller.resolve(message.value)
    else caller.reject(new Error(message.error))
  })
  process.on('disconnect', onGone)

  const parent = new Proxy({} as Parent, {
    get: (_, method) =>
      typeof method === 'string' ? (...args: unknown[]) => call(method as Call['method'], args) : undefined,
  })
  return { parent, send }
}
