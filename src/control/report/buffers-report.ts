// What is buffered of bodies, in numbers.

import type { BuffersReport } from '../../admin/contract/buffers.ts'
import type { RoutePlan } from '../../plan/route.ts'
import { BUFFER_TROUBLES } from '../../policy/request/buffering/trouble.ts'
import { ACCOUNT, UNIT_BYTES } from '../../shared/buffer-accounts.ts'
import { WORKER } from '../../shared/counter-cells.ts'
import type { CounterTable } from '../../shared/counters.ts'
import type { SharedMemory } from '../workers/shared-memory.ts'

export type BufferSources = Pick<SharedMemory, 'bufferAccounts' | 'buffers'>

interface ReadFrom {
  readonly counters: CounterTable
  readonly buffers: BufferSources
}

/** What /status says of them; undefined = no route buffers, and nothing is held, nor has been. */
export function shownBuffers(routes: readonly RoutePlan[], from: ReadFrom): BuffersReport | undefined {
  const report = buffersReport(from)
  const { requests, answers, memoryBytes, files } = report
  return routes.some(mayBuffer) || requests + answers + memoryBytes + files > 0 ? report : undefined
}

function mayBuffer({ buffer }: RoutePlan): boolean {
  return buffer !== undefined && (buffer.request.mode !== 'off' || buffer.response.mode !== 'off')
}

export function buffersReport({ counters, buffers: { bufferAccounts, buffers } }: ReadFrom): BuffersReport {
  const { memoryBytes, diskBytes } = buffers.buffers.limits
  const troubles = BUFFER_TROUBLES.map((trouble, i) => [trouble, counters.own(WORKER.firstBufferTrouble + i)] as const)
  return {
    memoryBytes: bufferAccounts.held(ACCOUNT.memory) * UNIT_BYTES,
    memoryLimitBytes: memoryBytes,
    diskBytes: bufferAccounts.held(ACCOUNT.disk) * UNIT_BYTES,
    diskLimitBytes: diskBytes,
    files: bufferAccounts.held(ACCOUNT.files),
    requests: counters.own(WORKER.gathered),
    answers: counters.own(WORKER.bufferedAnswers),
    answerBytes: counters.own(WORKER.bufferedAnswerBytes),
    spooledBytes: counters.own(WORKER.spooledBytes),
    savedSeconds: {
      requests: counters.own(WORKER.gatheringSeconds),
      answers: counters.own(WORKER.bufferedAnswerSeconds),
    },
    troubles: Object.fromEntries(troubles.filter(([, count]) => count > 0)),
  }
}
