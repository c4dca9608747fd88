export const capitalize = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1)

/** `awaiting_payment` → `awaiting payment`, `dnsServer` → `DNS server`. */
export const spelledOut = (code: string): string =>
  code
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replaceAll(/[_.-]/g, ' ')
    .replaceAll(/\bcloud ?pod/g, 'CloudPod')
    .replaceAll(/[a-z]+/g, (word) => (ABBREVIATIONS.has(word) ? word.toUpperCase() : (NAMES[word] ?? word)))

const ABBREVIATIONS = new Set(
  `acme alpn api ca caa cpu csv ct dkim dmarc dns dnssec ds epp http id ip mfa pdf ptr spf ssl sso tld tls tlsa totp url vat
  vies vm vmid vnc whmcs`.split(/\s+/),
)
const NAMES: Record<string, string> = {
  email: 'e-mail',
  mpanel: 'mPanel',
  netbox: 'NetBox',
  stripe: 'Stripe',
}
