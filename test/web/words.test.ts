import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { AUDIT_ACTIONS } from '../../shared/auditActions.ts'
import { capitalize, spelledOut } from '../../web/src/lib/spelledOut.ts'
import { ROOT } from '../rules/tree.ts'

const german = (name: string): string[] =>
  Object.values(
    JSON.parse(readFileSync(join(ROOT, `web/locales/de/${name}.json`), 'utf8')) as Record<string, string>,
  )
/** As nobody writes it: `Dns server`, `a vat number`. */
const MISWRITTEN =
  /\b(acme|api|ca|caa|cpu|csv|dkim|dmarc|dns|dnssec|epp|http|ip|mfa|pdf|ptr|spf|ssl|sso|tld|tls|tlsa|totp|url|vat|vies|vm|vmid|vnc|whmcs)\b/i
const miswritten = (words: string): boolean => {
  const [, found = ''] = MISWRITTEN.exec(words) ?? []
  return found !== found.toUpperCase()
}

it('abbreviations are written as such in the words of every audit action, in each language', () => {
  expect(AUDIT_ACTIONS.map(spelledOut).filter(miswritten)).toEqual([])
  expect(german('actions').filter(miswritten)).toEqual([])
  expect(german('codes').filter(miswritten)).toEqual([])
})

it('codes are spelled out, and abbreviations and names in them stay what they are', () => {
  const said = (codes: string): string[] => codes.split(' ').map(spelledOut).map(capitalize)
  expect(said('DNS_SERVER_CHECKED TOTP_ENABLED SSO_CONNECTED TLD_PRICE_SET CLOUDPOD_VMID_CHANGED')).toEqual([
    'DNS server checked',
    'TOTP enabled',
    'SSO connected',
    'TLD price set',
    'CloudPod VMID changed',
  ])
  expect(said('DNSSEC_CHANGED IP_POOL_CREATED EMAIL_CHANGED dnsServer api_key tls-alpn-01')).toEqual([
    'DNSSEC changed',
    'IP pool created',
    'E-mail changed',
    'DNS server',
    'API key',
    'TLS ALPN 01',
  ])
  expect(spelledOut('taxIdService')).toBe('tax ID service')
  expect(spelledOut('awaiting_payment')).toBe('awaiting payment')
})
