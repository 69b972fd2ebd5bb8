// Where a request that came without TLS is sent: the same host and target, by https.

import type { RequestHead } from '../../../http/heads.ts'

const HTTPS_PORT = 443
/** Below it a CA asks, without TLS, for the answers to its challenges (RFC 8555 8.3). */
const ACME_PATH = '/.well-known/acme-challenge/'

/** @param path normalised */
export function isRedirected(path: string): boolean {
  return !path.startsWith(ACME_PATH)
}

/** @param port that TLS is reached on */
export function httpsLocation(
  { hostName, target }: Pick<RequestHead, 'hostName' | 'target'>,
  port = HTTPS_PORT,
): string {
  const host = hostName.includes(':') ? `[${hostName}]` : hostName
  return `https://${host}${port === HTTPS_PORT ? '' : `:${port}`}${target.startsWith('/') ? target : '/'}`
}
