import { describe, expect, test } from 'vitest'
import { Questions } from '../../../src/control/workers/questions.ts'
import type { ToWorker } from '../../../src/shared/messages.ts'

const EMPTY = { kind: 'request', stories: [] } as const
const QUESTION = { kind: 'request', requestId: 'a-1' } as const

/** Workers that answer as soon as they are asked, those of `silent` aside. */
function workers(questions: () => Questions, count: number, silent: readonly number[] = []) {
  const asked: number[] = []
  const all = Array.from({ length: count }, (_, worker) => ({
    worker,
    tell(message: ToWorker) {
      if (message.type !== 'question') return
      asked.push(message.number)
      if (!silent.includes(worker)) setImmediate(() => questions().replied(worker, message.number, EMPTY))
    },
  }))
  return { all, asked }
}

describe('what workers are asked', () => {
  test('comes back from all of them; who says nothing is named, and not waited for long', async () => {
    const questions: Questions = new Questions(50)
    const { all } = workers(() => questions, 3, [1])
    expect(await questions.ask(QUESTION, all)).toEqual({ replies: [EMPTY, EMPTY], silent: [1] })
    expect(await questions.ask(QUESTION, [])).toEqual({ replies: [], silent: [] })
  })

  test('goes to them one question after the other, and a late answer is for nobody', async () => {
    const questions: Questions = new Questions(5000)
    const { all, asked } = workers(() => questions, 1)
    const both = Promise.all([questions.ask(QUESTION, all), questions.ask(QUESTION, all)])
    questions.replied(0, 77, EMPTY)
    expect((await both).map(({ replies }) => replies.length)).toEqual([1, 1])
    expect(asked).toEqual([1, 2])
  })
})
