// A Tryton node as the browser runs know it: where it is, who logs in, and calls past vigia.

import assert from 'node:assert/strict'

export const NODE = process.env.ERP_NODE ?? 'http://127.0.0.1:18001'
export const DATABASE = process.env.ERP_DB ?? 'erp'
export const PASSWORD = process.env.ERP_PASSWORD ?? 'erp-admin-1'
export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** @param session undefined = of nobody */
export async function callNode(method: string, params: readonly unknown[], session?: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json', ...(session && { authorization: `Session ${session}` }) }
  const response = await fetch(`${NODE}/${DATABASE}/`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ id: 1, method, params }),
  })
  const { result, error } = (await response.json()) as { result?: unknown; error?: unknown }
  assert.equal(error, undefined)
  return result
}

/** @returns the user, the key of his session, and what both are in a request */
export async function logIn(): Promise<{ user: number; key: string; session: string }> {
  const [user, key] = (await callNode('common.db.login', ['admin', { password: PASSWORD }, 'en'])) as [number, string]
  return { user, key, session: Buffer.from(`admin:${user}:${key}`).toString('base64') }
}
