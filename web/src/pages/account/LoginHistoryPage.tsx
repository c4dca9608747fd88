import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { FileClock } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
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
  password: t`Logged in by password`,
  totp: t`Logged in by authenticator app`,
  recovery_code: t`Logged in by recovery code`,
  passkey: t`Logged in by passkey`,
  sso: t`Logged in by single sign-on`,
  wrong_password: t`Wrong password`,
  wrong_code: t`Wrong code`,
  wrong_passkey: t`Passkey not accepted`,
  throttled: t`Tried too often`,
  disabled: t`The account was disabled`,
  no_active_tenant: t`All tenants of the account are suspended or closed`,
  sso_required: t`The tenant allows single sign-on only`,
  sso_refused: t`Single sign-on not accepted for this account`,
}

const COLUMNS: Column<LoginEntry>[] = [
  { header: t`When`, narrow: true, from: 'sm', render: ({ at }) => <Time at={at} /> },
  {
    header: t`What`,
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
  { header: t`Address`, from: 'sm', render: ({ ip }) => ip ?? '—' },
  {
    header: t`Browser`,
    from: 'md',
    render: ({ userAgent }) => <span className="break-words">{userAgent ?? t`Unknown`}</span>,
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
