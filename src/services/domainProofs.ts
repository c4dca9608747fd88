import type { Root } from '../context.ts'

/** How DNS proves whose a domain is: for domains themselves, and for the e-mail domains of identity providers. */

/** What DNS must have for a domain to be believed. */
export const recordOf = (domain: string, proof: string) => ({
  name: `_mpanel.${domain}`,
  value: `mpanel-domain-proof=${proof}`,
})

/** Why DNS does not prove a domain; null: it does. */
export async function faultOf(root: Root, domain: string, proof: string): Promise<string | null> {
  const { name, value } = recordOf(domain, proof)
  const answer = await root.vendors.txt(name)
  if (!answer.ok) return answer.fault
  if (answer.records.includes(value)) return null
  return answer.records.length === 0
    ? `DNS has no TXT record at ${name}.`
    : `No TXT record at ${name} has the content that is asked for.`
}
