// A random request of the soak test, whatever carries it, and whether an answer is the one that belongs to it.

import { pick, type Random } from '../support/random.ts'
import { BEHAVIOURS, type Behaviour, bodyOf, digestOf } from './random-upstream.ts'

export interface Drawn {
  readonly token: string
  readonly method: string
  readonly target: string
  readonly behaviour: Behaviour
  readonly body: Buffer
  readonly responseBytes: number
}

/** Answers that vigia gives itself where the upstream failed. */
const FAILED: ReadonlySet<number> = new Set([502, 503, 504])
const FAULTY: ReadonlySet<Behaviour> = new Set(['cut-length', 'cut-chunked', 'cut-close', 'reset', 'fin', 'garbage'])

export function drawRequest(token: string, random: Random): Drawn {
  const behaviour = random() < 0.6 ? BEHAVIOURS[Math.floor(random() * 4)]! : pick(BEHAVIOURS, random)
  const method = pick(['GET', 'GET', 'GET', 'POST', 'POST', 'PUT', 'HEAD'], random)
  const responseBytes = Math.floor(random() ** 4 * 400_000) + 1
  const delay = random() < 0.7 ? 0 : Math.floor(random() * 40)
  const hard = random() < 0.5 ? '&hard' : ''
  const body =
    method === 'POST' || method === 'PUT'
      ? bodyOf(`q${token}`, random() < 0.2 ? 0 : Math.floor(random() ** 3 * 200_000))
      : Buffer.alloc(0)
  const target = `/?token=${token}&as=${behaviour}&bytes=${responseBytes}&delay=${delay}${hard}`
  return { token, method, target, behaviour, body, responseBytes }
}

/** @param field undefined = there is none @returns what is wrong with an answer that came as a whole */
export function judgeAnswer(
  { token, behaviour, method, body, responseBytes }: Drawn,
  status: number,
  field: (name: string) => string | undefined,
  got: Buffer,
): string | undefined {
  const owner = field('x-token')
  if (owner !== undefined && owner !== token) return `answered with the answer of ${owner}`
  if (owner === undefined) return FAILED.has(status) && FAULTY.has(behaviour) ? undefined : `unexpected ${status}`
  if (method === 'HEAD' || behaviour === 'empty' || behaviour === 'not-modified' || behaviour === 'surplus')
    return got.length === 0 ? undefined : 'has a body'
  if (behaviour.startsWith('cut-')) return 'a cut answer came as a whole one'
  const digest = field('x-digest')
  if (digest !== undefined && digest !== digestOf(body)) return 'the upstream had another request body'
  return got.equals(bodyOf(token, responseBytes))
    ? undefined
    : `body of ${got.length}, not ${responseBytes} bytes, or of another answer`
}
