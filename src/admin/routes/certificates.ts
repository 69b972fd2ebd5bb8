// GET /certificates: those that listeners show to their clients, and how long they last. POST /certificates/{name}/renew: a new one for a
// name that has its own by ACME.

import type { FastifyInstance } from 'fastify'
import { authorOf } from '../access/author.ts'
import { onlyWithPost, sendRefusal } from '../answers/problem.ts'
import type { ControlOperations } from '../contract/operations.ts'
import type { ControlView } from '../contract/status.ts'
import {
  BY,
  closed,
  flag,
  list,
  ORDER_BYTES,
  object,
  oneOf,
  orNull,
  REASON,
  ref,
  type Schema,
  text,
  time,
  whole,
} from './schema-blocks.ts'

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

export const AUTHORITY: Schema = {
  $id: 'Authority',
  description: 'An authority whose certificates clients may have, or a list of those that it has revoked.',
  ...object({
    kind: oneOf('authority', 'revocation-list'),
    name: text('Distinguished name: its own, or that of the issuer of the list.'),
    notBefore: time(),
    notAfter: orNull(time('Of a list: when the next one is to be there.')),
    state: oneOf('ok', 'expires-soon', 'expired', 'not-yet-valid'),
    revoked: orNull(whole('Of a list: how many certificates it revokes.')),
    file: text(),
    listeners: list(text()),
    problem: orNull(text('Why its files hold something else that can not be used.')),
  }),
}

export const ACME: Schema = {
  $id: 'Acme',
  description: 'Certificates by ACME.',
  ...object({
    directory: text(),
    challenge: oneOf('http-01', 'tls-alpn-01'),
    names: list(ref('AcmeName')),
  }),
}

export const ACME_NAME: Schema = {
  $id: 'AcmeName',
  description: 'A name that has its own certificate by ACME.',
  ...object({
    name: text(),
    state: oneOf('ok', 'ordering', 'failing', 'waiting'),
    notAfter: orNull(time()),
    failures: whole('Orders that have failed in a row.'),
    lastError: orNull(
      object({
        at: time(),
        trouble: oneOf('unreachable', 'busy', 'not-proven', 'refused', 'own'),
        reason: text(),
      }),
    ),
    nextOrder: orNull(time()),
  }),
}

const SCHEMAS = {
  list: {
    summary: 'Certificates of the listeners, authorities of their clients, and how long they last',
    tags: ['status'],
    response: {
      200: {
        description: 'Each once.',
        ...object({
          certificates: list(ref('Certificate')),
          authorities: list(ref('Authority')),
          acme: orNull(ref('Acme')),
        }),
      },
    },
  },
  renew: {
    summary: 'Orders a new certificate by ACME for a name, now',
    tags: ['operations'],
    body: closed({ reason: REASON, by: BY, unrecorded: flag() }, ['reason']),
    response: { 200: { description: 'The name as it is now.', ...ref('AcmeName') } },
  },
} as const

interface Renew {
  readonly Params: { readonly name: string }
  readonly Body: { readonly reason: string; readonly by?: string; readonly unrecorded?: boolean }
}

/** @param operations undefined = certificates can only be read */
export function serveCertificates(app: FastifyInstance, view: ControlView, operations?: ControlOperations): void {
  app.get('/certificates', { schema: SCHEMAS.list }, async () => {
    const { certificates = [], authorities = [], acme = null } = view.status()
    return { certificates, authorities, acme }
  })
  if (operations === undefined) return
  const url = '/certificates/:name/renew'
  app.post<Renew>(url, { schema: SCHEMAS.renew, bodyLimit: ORDER_BYTES }, async (request, reply) => {
    const { params, body } = request
    const result = await operations.renewCertificate(params.name, { reason: body.reason, ...authorOf(request, body) })
    if (!result.ok) return sendRefusal(reply, result)
    if (result.unrecorded) reply.header('x-vigia-recorded', 'later')
    return view.status().acme?.names.find(each => each.name === params.name.toLowerCase())
  })
  onlyWithPost(app, url, 'renew')
}
