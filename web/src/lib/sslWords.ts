import type { SslCertificate } from '../api/ssl.ts'
import { nowMs } from './now.ts'

const SOON_MS = 14 * 86_400_000

/** What a list says of a certificate in one word. */
export function sslStateOf({ state, action, problem, notAfter }: SslCertificate, now = nowMs()) {
  if (action !== null) return action === 'issue' ? 'issuing' : 'revoking'
  if (state === 'removed' || state === 'revoked') return state
  const left = notAfter === null ? null : Date.parse(notAfter) - now
  if (left !== null && left <= 0) return 'expired'
  if (problem !== null && state === 'pending') return problem.class === 'blocked' ? 'blocked' : 'failing'
  if (left !== null && left < SOON_MS) return 'expiring'
  return state
}

/** A file's name for a certificate. */
export const fileOf = (names: readonly string[], what: string): string =>
  `${(names[0] ?? 'certificate').replace('*', 'wildcard')}${what}.pem`
