// GET /certificates: those that listeners show to their clients, and how long they last.

import type { FastifyInstance } from 'fastify'
import type { ControlView } from '../contract/status.ts'
import { flag, list, object, oneOf, orNull, ref, type Schema, text, time, whole } from './schema-blocks.ts'

export const CERTIFICATE: Schema = {
  $id: 'Certificate',
  description: 'A certificate that listeners show to their clients.',
  ...object({
    names: list(text()),
    issuer: text('Distinguished name.'),
    selfSigned: flag(),
    key: text('ECDSA P-256, RSA 2048.'),
    notBefore: time(),
    notAfter: time(),
    daysLeft: whole('Negative = it has expired.'),
    state: oneOf('ok', 'expires-soon', 'expired', 'not-yet-valid'),
    came: oneOf('file', 'acme', 'self-signed'),
    certFile: orNull(text()),
    listeners: list(text()),
    fingerprint: text('SHA-256 of its DER form, in hexadecimal.'),
    problem: orNull(text('Why its files hold something else that can not be used.')),
  }),
}

const SCHEMA = {
  summary: 'Certificates of the listeners, and how long they last',
  tags: ['status'],
  response: { 200: { description: 'Each once.', ...object({ certificates: list(ref('Certificate')) }) } },
} as const

export function serveCertificates(app: FastifyInstance, view: ControlView): void {
  app.get('/certificates', { schema: SCHEMA }, async () => ({ certificates: view.status().certificates ?? [] }))
}
