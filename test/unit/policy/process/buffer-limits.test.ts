// What all buffers may take, where the configuration leaves it open.

import { expect, test } from 'vitest'
import { bufferLimits } from '../../../../src/policy/process/buffer-limits.ts'

const open = { directory: undefined, memoryBytes: undefined, diskBytes: 2 ** 31, keepFreeBytes: 2 ** 30 }

test('a quarter of the memory, an eighth of the descriptors, and the folder for temporary files', () => {
  expect(bufferLimits(open, 8 * 2 ** 30, 1024, '/tmp')).toEqual({
    directory: '/tmp',
    memoryBytes: 2 * 2 ** 30,
    diskBytes: 2 ** 31,
    keepFreeBytes: 2 ** 30,
    files: 128,
  })
})

test('what is configured counts, and there are never more than 8192 files', () => {
  const given = { directory: '/var/lib/vigia', memoryBytes: 2 ** 20, diskBytes: 0, keepFreeBytes: 0 }
  expect(bufferLimits(given, 2 ** 40, undefined, '/tmp')).toEqual({ ...given, files: 8192 })
})
