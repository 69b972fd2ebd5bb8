// What a body's trouble says of other bodies.

import { expect, test } from 'vitest'
import { BUFFER_TROUBLES, isOfDisk, troubleOf } from '../../../../../src/policy/request/buffering/trouble.ts'

test('a full, slow or failed disk keeps others from it for a while; accounts and sizes do not', () => {
  expect(BUFFER_TROUBLES.filter(isOfDisk)).toEqual(['disk-full', 'disk-slow', 'disk-failed'])
})

test('errors of the file system have their names', () => {
  const names = ['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EIO', 'EROFS', 'EACCES', 'ENOENT', undefined].map(troubleOf)
  const failed = Array(5).fill('disk-failed')
  expect(names).toEqual(['disk-full', 'disk-full', 'files', 'files', ...failed])
})
