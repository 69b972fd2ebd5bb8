// Certificates of clients on a listener with TLS: who signs them, which are revoked, and how upstreams learn of them. What the files hold is
// judged by the control plane, which reads and watches them.

import Type, { type Static } from 'typebox'
import { FIELD, fieldOf } from '../../http/field-names.ts'
import type { ClientCertificatesPlan } from '../../plan/tls.ts'
import type { NamedAuthorities } from '../forms/authority-files.ts'
import { TOKEN } from '../forms/http.ts'
import { error, type Finding, type Path, quote } from '../forms/problem.ts'
import { boolean, described, section, text } from '../forms/schema-blocks.ts'

const DEFAULTS = { mode: 'require', field: 'Client-Cert', chain: false } as const

export const clientCertificatesSchema = section(
  {
    caFile: text(
      'the path of a file',
      'File with the authorities (PEM) whose certificates are accepted, each with its issuers up to one that has signed itself; a certificate that has signed itself may stand there too, for the one client that has it. Their names are told to clients, which choose a certificate by them. Relative to the configuration file. Watched, whatever `watch` says: another one counts at once, without a restart or a revision, and connections whose certificate it does not accept any more are ended.',
    ),
    mode: Type.Optional(
      Type.Union([Type.Literal('request'), Type.Literal('require')], {
        title: '"request" or "require"',
        ...described(
          '`require`: who has no certificate gets the TLS alert `certificate required` (before TLS 1.3 `handshake failure`). `request`: who has none is served like anybody. In both a certificate that is not accepted (of another authority, out of time, revoked, not for clients) is refused: every request is answered 403 with the reason, and the connection ends.',
          DEFAULTS.mode,
        ),
      }),
    ),
    revokedFile: Type.Optional(
      text(
        'the path of a file',
        'File with the revocation lists (CRL) of these authorities: in PEM one of each, or a single one in DER; an authority between that is not in `caFile` needs its own. Relative to the configuration file. Watched as `caFile` is. Effect: a revoked certificate is refused, and its open connections end within a moment. A list whose next one is overdue refuses all certificates of its authority: its end is told 21, 7 and 1 days ahead, less for a list that lasts less than 90 days. Default: nothing is revoked.',
      ),
    ),
    field: Type.Optional(
      Type.String({
        pattern: `^${TOKEN}$`,
        title: 'a header name such as Client-Cert',
        ...described(
          'Name of the field in which upstreams get the certificate of the client, in the form of RFC 9440: DER in base64 between two colons. What clients send under this name, or one that an upstream could take for it (client_cert, Client.Cert), is removed on all listeners, whoever sends it.',
          DEFAULTS.field,
        ),
      }),
    ),
    chain: Type.Optional(
      boolean(
        'Upstreams get the certificates of its issuers as well, without the root, in a field whose name ends with -Chain (Client-Cert-Chain). Server heads grow by 1 to 2 KB for each.',
        DEFAULTS.chain,
      ),
    ),
  },
  'Clients are asked for a certificate of their own (mutual TLS), for partners whose programs use an integration. `match.clientCertificate` and `access.clientCertificate` of routes say who may do what; the access log has `clientCertificate`. Sessions are not resumed on such a listener: each connection shows its certificate anew.',
)

export const RENAMED_IN_CLIENTS = { 'tls.clients.chainField': 'tls.clients.chain' }

type ClientCertificatesDocument = Static<typeof clientCertificatesSchema>

export function* checkClientCertificates({ field }: ClientCertificatesDocument, at: Path): Iterable<Finding> {
  if (field === undefined) return
  if (fieldOf(field) !== FIELD.other || /^x-forwarded-|-chain$/i.test(field))
    yield error([...at, 'field'], `${quote(field)} has a meaning of its own: choose another name, such as Client-Cert`)
}

/** @param at path of the section */
export function namedAuthorities({ caFile, revokedFile }: ClientCertificatesDocument, at: Path): NamedAuthorities {
  return { path: at, caFile, revokedFile }
}

/** @param resolvePath makes a path of the document absolute */
export function compileClientCertificates(
  { caFile, revokedFile, mode = DEFAULTS.mode, field = DEFAULTS.field, chain }: ClientCertificatesDocument,
  resolvePath: (path: string) => string,
): ClientCertificatesPlan {
  return {
    caFile: resolvePath(caFile),
    revokedFile: revokedFile === undefined ? undefined : resolvePath(revokedFile),
    mode,
    field,
    chainField: chain ? `${field}-Chain` : undefined,
  }
}
