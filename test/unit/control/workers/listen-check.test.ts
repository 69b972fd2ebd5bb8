import { expect, test } from 'vitest'
import { workersThatCanListen } from '../../../../src/control/workers/listen-check.ts'

const failing = (code: string) => async () => Object.assign(new Error(code), { code })

test('where several sockets cannot share a port, one worker listens', async () => {
  expect(await workersThatCanListen(4, failing('ENOTSUP'))).toBe(1)
  expect(await workersThatCanListen(1, failing('ENOTSUP'))).toBe(1)
})

test('what else is wrong says nothing of that', async () => {
  expect(await workersThatCanListen(4, failing('EMFILE'))).toBe(4)
})

test.runIf(process.platform === 'linux')('Linux lets them', async () => {
  expect(await workersThatCanListen(4)).toBe(4)
})
