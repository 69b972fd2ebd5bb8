// Via (RFC 9110 7.6.3), for who turns it on.

import { expect, test } from 'vitest'
import { forwardedBy, get } from '../support/forwarded.ts'
import { usePair } from '../support/pair.ts'
import { field } from '../support/wire.ts'

const pair = usePair({ config: { headers: { via: 'vigia' } } })

test('names vigia and the version that was received', async () => {
  expect(field(await forwardedBy(pair, get()), 'via')).toBe('1.1 vigia')
  expect(field(await forwardedBy(pair, 'GET / HTTP/1.0\r\nHost: a.example\r\n\r\n'), 'via')).toBe('1.0 vigia')
})

test('comes after those of earlier proxies', async () => {
  expect(field(await forwardedBy(pair, get('Via: 1.0 fred, 1.1 p.example\r\n')), 'via')).toBe(
    '1.0 fred, 1.1 p.example, 1.1 vigia',
  )
})
