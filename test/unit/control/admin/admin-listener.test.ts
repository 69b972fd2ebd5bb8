import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { ControlOperations } from '../../../../src/admin/contract/operations.ts'
import type { ControlView } from '../../../../src/admin/contract/status.ts'
import { AdminListener } from '../../../../src/control/admin/admin-listener.ts'
import { CannotServe } from '../../../../src/control/workers/cannot-serve.ts'
import { createLogger } from '../../../../src/logging/logger.ts'
import { freePort } from '../../../support/free-port.ts'

const sha256 = (token: string) => createHash('sha256').update(token).digest('hex')
const tokens = [{ name: 'ana', role: 'read', sha256: sha256('t') }] as const
const HOST = '127.0.0.1'

let admin: AdminListener
afterEach(() => admin.close())

function newListener() {
  const view = { status: () => ({ pools: [] }) } as unknown as ControlView
  admin = new AdminListener(view, { operations: {} as ControlOperations }, createLogger({ level: 'silent' }))
}
const statusAt = async (port: number, token?: string) => {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return (await fetch(`http://${HOST}:${port}/status`, { headers })).status
}

test.each(['0.0.0.0', '::', 'erp.example'])(
  'it does not open at %s, where others could reach it, without tokens',
  async host => {
    newListener()
    await expect(admin.listen({ host, port: 0 })).rejects.toThrow(CannotServe)
  },
)

test('it opens there with tokens; tokens change without a new listener, and failures are counted over that', async () => {
  newListener()
  const port = await freePort()
  await admin.listen({ host: '0.0.0.0', port, tokens })
  expect([await statusAt(port), await statusAt(port, 't')]).toEqual([401, 200])
  await admin.listen({ host: '0.0.0.0', port, tokens: [{ ...tokens[0], sha256: sha256('u') }] })
  expect([await statusAt(port, 't'), await statusAt(port, 'u')]).toEqual([401, 200])
  expect(admin.failures).toBe(2)
})

test('where it can not move, the former tokens stay with the former listener', async () => {
  newListener()
  const port = await freePort()
  await admin.listen({ host: HOST, port, tokens })
  const taken = createServer()
  await new Promise<void>(resolve => taken.listen(0, HOST, resolve))
  const { port: other } = taken.address() as { port: number }
  await expect(admin.listen({ host: HOST, port: other })).rejects.toThrow(CannotServe)
  expect([await statusAt(port), await statusAt(port, 't')]).toEqual([401, 200])
  taken.close()
})
