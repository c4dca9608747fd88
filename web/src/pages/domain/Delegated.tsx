import { useQuery } from '@tanstack/react-query'
import { zoneQuery } from '../../api/dnsZones.ts'
import type { Domain } from '../../api/domains.ts'
import { DELEGATION_WORDS } from '../../lib/domainWords.ts'
import { Notice } from '../../ui/Notice.tsx'

/** What keeps the world from finding what is served here, if anything does. The zone has the rest of it. */
export function Delegated({ domain }: { domain: Domain }) {
  const zone = useQuery(zoneQuery(domain.id)).data
  if (!zone) return null
  const { state, findings } = zone.delegation
  const wrong = findings.filter(({ level }) => level === 'error')
  if (wrong.length === 0) return null
  return (
    <Notice tone="warning" title={`DNS: ${DELEGATION_WORDS[state][1]}`}>
      {wrong.slice(0, 3).map(({ message }) => (
        <p key={message}>{message}</p>
      ))}
    </Notice>
  )
}
