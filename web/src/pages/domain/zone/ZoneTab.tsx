import { useQuery } from '@tanstack/react-query'
import { Globe } from 'lucide-react'
import { useState } from 'react'
import { canZone } from '../../../../../shared/states/domainZone.ts'
import { t } from '../../../../../shared/text.ts'
import { beginZone, zoneQuery, type Zone } from '../../../api/dnsZones.ts'
import type { Domain } from '../../../api/domains.ts'
import { useSubmit } from '../../../api/submit.ts'
import { ErrorNotice } from '../../../components/ErrorNotice.tsx'
import { Loaded } from '../../../components/Loaded.tsx'
import { NO_PERMISSION, useSession } from '../../../components/session.ts'
import { Button } from '../../../ui/Button.tsx'
import { Card } from '../../../ui/Card.tsx'
import { EmptyState } from '../../../ui/EmptyState.tsx'
import { toast } from '../../../ui/Toast.tsx'
import { MailHelper } from './MailHelper.tsx'
import { withProposals, type Staged } from './staged.ts'
import { ZoneDelegation } from './ZoneDelegation.tsx'
import { ZoneDnssec } from './ZoneDnssec.tsx'
import { ZoneDrift } from './ZoneDrift.tsx'
import { ZoneEditor } from './ZoneEditor.tsx'
import { ZoneHistory } from './ZoneHistory.tsx'
import { ZoneState } from './ZoneState.tsx'

/** The zone of a domain: how far it is, its records, and what was changed in it. */
export function ZoneTab({ domain }: { domain: Domain }) {
  const { can } = useSession()
  const query = useQuery(zoneQuery(domain.id))
  const mayNot = can('domains:update', domain.tenantId) ? undefined : NO_PERMISSION('domains:update')
  return (
    <Loaded query={query} what="zone">
      {(zone) =>
        zone === null ? <Begin domain={domain} mayNot={mayNot} /> : <Zoned zone={zone} mayNot={mayNot} />
      }
    </Loaded>
  )
}

function Zoned({ zone, mayNot }: { zone: Zone; mayNot: string | undefined }) {
  const [staged, setStaged] = useState<Staged>(new Map())
  return (
    <div className="space-y-4">
      <ZoneState zone={zone} mayNot={mayNot} />
      <ZoneDrift zone={zone} mayNot={mayNot} />
      <ZoneDelegation zone={zone} mayNot={mayNot} />
      <ZoneDnssec zone={zone} mayNot={mayNot} />
      <MailHelper
        zone={zone}
        mayNot={mayNot}
        staged={staged}
        onPropose={(proposals) => setStaged(withProposals(staged, proposals, zone.defaultTtl))}
      />
      <ZoneEditor zone={zone} mayNot={mayNot} staged={staged} setStaged={setStaged} />
      <ZoneHistory zone={zone} mayNot={mayNot} />
    </div>
  )
}

function Begin({ domain, mayNot }: { domain: Domain; mayNot: string | undefined }) {
  const begin = useSubmit<null, unknown>({
    send: (_, key) => beginZone(domain.id, key),
    onDone: () => toast.done(t`Zone begun`),
  })
  const verdict = canZone.begin({ verified: domain.verifiedAt !== null })
  const why =
    domain.endedAt !== null ? t`The domain was removed.` : verdict.allowed ? undefined : verdict.reason
  return (
    <Card flush>
      <EmptyState
        icon={Globe}
        title="Its DNS is not served here"
        action={
          <Button
            variant="primary"
            loading={begin.isPending}
            disabledReason={mayNot ?? why}
            onClick={() => begin.mutate(null)}
          >
            Serve its DNS here
          </Button>
        }
      >
        Begin a zone, put its records in, and name our name servers at the registrar of the domain.
      </EmptyState>
      {begin.error && (
        <div className="p-4 pt-0">
          <ErrorNotice error={begin.error} />
        </div>
      )}
    </Card>
  )
}
