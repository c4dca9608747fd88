import { useQuery } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { t } from '../../../../shared/text.ts'
import { invitationsQuery, membersQuery, type Invitation } from '../../api/invitations.ts'
import { cursorOf, Pager } from '../../components/List.tsx'
import { OpenInvitations } from '../../components/OpenInvitations.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Card } from '../../ui/Card.tsx'

/** Who is invited to a tenant, or with null to the platform, and has not answered yet. Nothing while nobody is. */
export function PendingInvitations({ tenantId }: { tenantId: string | null }) {
  return tenantId === null ? <OfPlatform /> : <OfTenant tenantId={tenantId} />
}

function OfPlatform() {
  const { can } = useSession()
  const [trail, setTrail] = useState<string>()
  const { data } = useQuery({ ...invitationsQuery(cursorOf(trail)), enabled: can('users:read', null) })
  if (data === undefined || (data.items.length === 0 && trail === undefined)) return null
  return (
    <Invitations title="Open invitations to the platform" invitations={data.items} tenantId={null}>
      {(trail !== undefined || data.nextCursor !== null) && (
        <Pager trail={trail} nextCursor={data.nextCursor} onTrail={setTrail} />
      )}
    </Invitations>
  )
}

function OfTenant({ tenantId }: { tenantId: string }) {
  const { tenant, can } = useSession()
  const { data } = useQuery({
    ...membersQuery(tenantId, undefined),
    enabled: can('users:read', tenantId),
  })
  if (data === undefined || data.invitations.length === 0) return null
  return (
    <Invitations
      title={t`Open invitations to ${tenant.name}`}
      invitations={data.invitations}
      tenantId={tenantId}
    />
  )
}

function Invitations({
  title,
  invitations,
  tenantId,
  children,
}: {
  title: string
  invitations: Invitation[]
  tenantId: string | null
  children?: ReactNode
}) {
  const { can } = useSession()
  const reason = can('users:manage', tenantId) ? undefined : NO_PERMISSION('users:manage')
  return (
    <Card title={title} flush>
      <OpenInvitations invitations={invitations} reason={reason} />
      {children}
    </Card>
  )
}
