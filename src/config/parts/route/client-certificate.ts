// Which certificates of clients a route is for, or lets in: by subject, alternative name, issuer, fingerprint.

import { isIP, isIPv6, SocketAddress } from 'node:net'
import Type, { type Static } from 'typebox'
import type { CertificateMatch, NamePattern } from '../../../plan/route.ts'
import { error, type Finding, type Path, quote } from '../../forms/problem.ts'
import { oneOrMore, section, text } from '../../forms/schema-blocks.ts'

const NAME_FORM = 'attributes such as "CN=edi.partner.example, O=Partner"'
const SAN_FORM =
  'a name such as edi.partner.example, *.partner.example, spiffe://partner.example/erp or edi@partner.example'
const FINGERPRINT_FORM = 'a SHA-256 fingerprint: 64 hexadecimal digits, colons or not'

const one = section(
  {
    subject: Type.Optional(
      oneOrMore(
        text(NAME_FORM, 'TYPE=value, or several of them.'),
        `${NAME_FORM}, or a list of them`,
        'Attributes that the subject must have, all of them, each to the letter; others may stand beside them. `*.partner.example` is any name below it, `*` any value; a comma in a value is written \\,. Of a list one must fit.',
      ),
    ),
    san: Type.Optional(
      oneOrMore(
        text(SAN_FORM, 'A subject alternative name.'),
        `${SAN_FORM}, or a list of them`,
        'A subject alternative name that it must have, one of the list: a host name or *.host (any name below it), a URI (with /* at its end: any below it), a mail address, an IP address.',
      ),
    ),
    issuer: Type.Optional(
      oneOrMore(
        text(NAME_FORM, 'TYPE=value, or several of them.'),
        `${NAME_FORM}, or a list of them`,
        'Attributes that its issuer must have, as with `subject`. Needed where `caFile` has authorities of several partners: each of them can give out any subject.',
      ),
    ),
    fingerprint: Type.Optional(
      oneOrMore(
        text(FINGERPRINT_FORM, 'SHA-256 of the certificate in DER.'),
        `${FINGERPRINT_FORM}, or a list of them`,
        'This certificate only, or one of the list (openssl x509 -noout -fingerprint -sha256).',
      ),
    ),
  },
  'What the certificate must have; all keys must hold.',
)

/** @param effect what it decides */
export function clientCertificateSchema(effect: string) {
  return Type.Union([Type.Literal('any'), one], {
    title: '"any", or a mapping with subject, san, issuer or fingerprint',
    description: `${effect} \`any\` = every certificate that the listener accepts (\`listeners[].tls.clients\`). Default: with or without.`,
  })
}

export type ClientCertificateDocument = Static<ReturnType<typeof clientCertificateSchema>>

/** @param asks whether any listener that the route takes requests of asks for certificates */
export function* checkClientCertificate(
  wanted: ClientCertificateDocument | undefined,
  asks: boolean,
  at: Path,
): Iterable<Finding> {
  if (wanted === undefined) return
  if (!asks)
    yield error(at, 'no listener of this route asks clients for certificates: set listeners[].tls.clients', 'key')
  if (wanted === 'any') return
  const { subject, san, issuer, fingerprint } = wanted
  if ([subject, san, issuer, fingerprint].every(each => each === undefined))
    yield error(at, 'is empty: set subject, san, issuer or fingerprint, or "any"', 'key')
  for (const { value, path } of entries(subject, [...at, 'subject']))
    yield* wrong(value, namePattern(value), NAME_FORM, path)
  for (const { value, path } of entries(issuer, [...at, 'issuer']))
    yield* wrong(value, namePattern(value), NAME_FORM, path)
  for (const { value, path } of entries(san, [...at, 'san']))
    yield* wrong(value, alternativeName(value), SAN_FORM, path)
  for (const { value, path } of entries(fingerprint, [...at, 'fingerprint']))
    yield* wrong(value, fingerprintOf(value), FINGERPRINT_FORM, path)
}

export function compileClientCertificate(wanted: ClientCertificateDocument | undefined): CertificateMatch | undefined {
  if (wanted === undefined) return undefined
  const { subject, san, issuer, fingerprint } = wanted === 'any' ? {} : wanted
  return {
    subject: listOf(subject).map(each => namePattern(each)!),
    issuer: listOf(issuer).map(each => namePattern(each)!),
    san: listOf(san).map(each => alternativeName(each)!),
    fingerprint: listOf(fingerprint).map(each => fingerprintOf(each)!),
  }
}

/** RFC 4514, in any order and with any spaces; undefined = it is not. */
function namePattern(text: string): NamePattern | undefined {
  const parts = text.match(/(?:\\.|[^\\,])+/g) ?? []
  if (parts.join(',') !== text) return undefined
  const pattern = parts.map(part => {
    const [, type, value] = /^\s*([A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)\s*=\s*(.*\S)\s*$/.exec(part) ?? []
    return [type?.toLowerCase() ?? '', value?.replace(/\\(.)/g, '$1') ?? ''] as const
  })
  return pattern.some(([type, value]) => type === '' || value.indexOf('*', 1) > 0 || /^\*[^.]/.test(value))
    ? undefined
    : pattern
}

/** With its kind, which shows in its form. */
function alternativeName(text: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:\/\/[^\s*]+(?:\/\*)?$/i.test(text)) return `URI:${text}`
  if (/^urn:[^\s*]+$/i.test(text)) return `URI:${text}`
  if (/^[^\s@*]+@[^\s@*]+$/.test(text)) return `email:${text}`
  if (isIP(text)) return `IP:${isIPv6(text) ? new SocketAddress({ address: text, family: 'ipv6' }).address : text}`
  return /^(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/i.test(text)
    ? `DNS:${text.toLowerCase()}`
    : undefined
}

function fingerprintOf(text: string): string | undefined {
  const digits = text.replaceAll(':', '').toLowerCase()
  return /^[0-9a-f]{64}$/.test(digits) ? digits : undefined
}

function* wrong(value: string, compiled: unknown, form: string, path: Path): Iterable<Finding> {
  if (compiled === undefined) yield error(path, `${quote(value)} is not what is expected here: ${form}`)
}

function entries(value: string | readonly string[] | undefined, path: Path): { value: string; path: Path }[] {
  if (typeof value === 'string') return [{ value, path }]
  return (value ?? []).map((each, i) => ({ value: each, path: [...path, i] }))
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  return [value ?? []].flat()
}
