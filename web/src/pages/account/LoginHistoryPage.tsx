import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { FileClock } from 'lucide-react'
import { loginHistoryQuery, type LoginEntry } from '../../api/account.ts'
import { cursorOf, List } from '../../components/List.tsx'
import { Badge } from '../../ui/Badge.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Time } from '../../ui/Time.tsx'
import { AccountPage } from './AccountPage.tsx'

const route = getRouteApi('/t/$tenant/account/log-ins')

const REASONS: Record<LoginEntry['reason'], string> = {
  password: 'Logged in by password',
  totp: 'Logged in by authenticator app',
  recovery_code: 'Logged in by recovery code',
  passkey: 'Logged in by passkey',
  sso: 'Logged in by single sign-on',
  wrong_password: 'Wrong password',
  wrong_code: 'Wrong code',
  wrong_passkey: 'Passkey not accepted',
  throttled: 'Tried too often',
  disabled: 'The account was disabled',
  no_active_tenant: 'All tenants of the account are suspended or closed',
  sso_required: 'The tenant allows single sign-on only',
  sso_refused: 'Single sign-on not accepted for this account',
}

const COLUMNS: Column<LoginEntry>[] = [
  { header: 'When', narrow: true, from: 'sm', render: ({ at }) => <Time at={at} /> },
  {
    header: 'What',
    render: ({ at, outcome, reason, newDevice }) => (
      <span className="flex flex-wrap items-center gap-2">
        <Badge tone={outcome === 'success' ? 'success' : 'danger'}>{REASONS[reason]}</Badge>
        {newDevice && <Badge tone="warning">New device</Badge>}
        <span className="text-[13px] text-muted sm:hidden">
          <Time at={at} />
        </span>
      </span>
    ),
  },
  { header: 'Address', from: 'sm', render: ({ ip }) => ip ?? '—' },
  {
    header: 'Browser',
    from: 'md',
    render: ({ userAgent }) => <span className="break-words">{userAgent ?? 'Unknown'}</span>,
  },
]

export default function LoginHistoryPage() {
  const { page } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery(loginHistoryQuery({ cursor: cursorOf(page) }))
  return (
    <AccountPage title="Login history">
      <Card flush>
        <List
          query={query}
          what="log-ins"
          columns={COLUMNS}
          trail={page}
          onTrail={(trail) => void navigate({ search: { page: trail } })}
          empty={<EmptyState icon={FileClock} title="Nobody has logged in yet" />}
        />
      </Card>
    </AccountPage>
  )
}
