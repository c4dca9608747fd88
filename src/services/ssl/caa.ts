import type { CaaAnswer } from '../../integrations/dns/types.ts'
import { isWildcard, withoutWildcard } from '../../lib/x509/names.ts'

const KNOWN = new Set([
  'issue',
  'issuewild',
  'iodef',
  'contactemail',
  'contactphone',
  'issuemail',
  'issuevmc',
])

export type CaaAsker = {
  name: string
  /** What the CA is named by; empty where it does not say: then only what forbids every CA counts. */
  identities: readonly string[]
  accountUrl: string | null
  method: string | null
}

/** Why CAA records forbid a certificate (RFC 8659, RFC 8657), in a sentence that says what to change; null if they do not. */
export function caaRefusal(asker: CaaAsker, answer: CaaAnswer): string | null {
  if (!answer.ok) return `${answer.fault} A CA would refuse as well: mend the name servers.`
  const { records, at } = answer
  const strange = records.find(({ critical, tag }) => critical && !KNOWN.has(tag))
  if (strange) return `The CAA records of ${at} hold a critical "${strange.tag}", which no CA may pass over.`
  const wild = records.filter(({ tag }) => tag === 'issuewild')
  const counting =
    isWildcard(asker.name) && wild.length > 0 ? wild : records.filter(({ tag }) => tag === 'issue')
  if (counting.length === 0) return null
  if (counting.some(({ value }) => allows(value, asker))) return null
  const who = asker.identities.length > 0 ? `"${asker.identities[0]}"` : 'the CA'
  return `The CAA records of ${at} do not allow ${who} to issue for ${withoutWildcard(asker.name)}: add one that does.`
}

function allows(value: string, { identities, accountUrl, method }: CaaAsker): boolean {
  const [domain = '', ...parameters] = value.split(';').map((part) => part.trim())
  if (domain === '') return false
  if (identities.length > 0 && !identities.includes(domain.toLowerCase().replace(/\.$/, ''))) return false
  return parameters.every((parameter) => {
    const [key = '', text = ''] = parameter.split('=', 2).map((part) => part.trim())
    if (key.toLowerCase() === 'accounturi') return accountUrl === null || text === accountUrl
    if (key.toLowerCase() === 'validationmethods')
      return method === null || text.toLowerCase().split(',').includes(method)
    return true
  })
}
