import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Bot, CirclePause, CirclePlay, KeyRound, Pencil, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import {
  deleteServiceAccount,
  serviceAccountsQuery,
  updateServiceAccount,
  type ServiceAccount,
} from '../../api/apiKeys.ts'
import { useSubmit } from '../../api/submit.ts'
import { ConfirmDestroy } from '../../components/ConfirmDestroy.tsx'
import { NewKeyDialog } from '../../components/KeyForm.tsx'
import { cursorOf, List } from '../../components/List.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { count } from '../../lib/words.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { EditAccount, NewAccount } from './ServiceAccountForm.tsx'

const route = getRouteApi('/t/$tenant/api-keys')

const COLUMNS: Column<ServiceAccount>[] = [
  {
    header: t`Account`,
    render: ({ name, state, description, tenantName }) => (
      <>
        <span className="flex flex-wrap items-center gap-2">
          <span className="font-medium break-words">{name}</span>
          {state === 'disabled' && <Badge tone="warning">disabled</Badge>}
        </span>
        <span className="block text-[13px] break-words text-muted">
          {[tenantName ?? t`Platform`, description].filter(Boolean).join(' · ')}
        </span>
      </>
    ),
  },
  {
    header: t`Role`,
    from: 'md',
    render: ({ roles }) => roles.map((role) => role.name).join(', ') || t`None`,
  },
  { header: t`Keys`, from: 'sm', narrow: true, render: ({ keys }) => count(keys, t`key`, t`keys`) },
  { header: t`Since`, from: 'lg', narrow: true, render: ({ createdAt }) => <Time at={createdAt} /> },
]

/** Users that are programs. */
export function ServiceAccounts() {
  const { page } = route.useSearch()
  const navigate = route.useNavigate()
  const { tenant, can } = useSession()
  const [making, setMaking] = useState(false)
  const query = useQuery(serviceAccountsQuery({ tenantId: tenant.id, cursor: cursorOf(page) }))
  return (
    <Card
      flush
      title="Users that are programs"
      actions={
        can('apikeys:manage') && (
          <Button size="sm" icon={<Plus aria-hidden className="size-4" />} onClick={() => setMaking(true)}>
            New service account
          </Button>
        )
      }
    >
      <List
        query={query}
        what="service accounts"
        columns={[
          ...COLUMNS,
          { header: t`Actions`, narrow: true, render: (account) => <Actions account={account} /> },
        ]}
        trail={page}
        onTrail={(trail) => void navigate({ search: { page: trail } })}
        empty={
          <EmptyState icon={Bot} title="No service accounts">
            One lets a program work with keys of its own, so that it does not stop when a colleague leaves.
          </EmptyState>
        }
      />
      <Dialog open={making} onClose={() => setMaking(false)} title="New service account">
        <NewAccount onClose={() => setMaking(false)} />
      </Dialog>
    </Card>
  )
}

type Doing = 'key' | 'edit' | 'remove'

function Actions({ account }: { account: ServiceAccount }) {
  const { can } = useSession()
  const [doing, setDoing] = useState<Doing | null>(null)
  const close = () => setDoing(null)
  const reason = can('apikeys:manage', account.tenantId) ? undefined : NO_PERMISSION('apikeys:manage')
  const isActive = account.state === 'active'
  const Icon = isActive ? CirclePause : CirclePlay
  const toggle = useSubmit({
    send: () => updateServiceAccount(account, { state: isActive ? 'disabled' : 'active' }),
    onDone: () => toast.done(isActive ? t`Its keys are refused now` : t`Its keys work again`),
  })
  const button = (label: string, icon: typeof Bot, act: () => void, loading = false) => {
    const Shown = icon
    return (
      <Button
        size="icon"
        variant="ghost"
        aria-label={`${label}: ${account.name}`}
        disabledReason={reason}
        loading={loading}
        onClick={act}
      >
        <Shown aria-hidden className="size-4" />
      </Button>
    )
  }
  const flip = () =>
    toggle.mutate(undefined, {
      onError: (error: Error) => toast.failed(t`Not changed`, error.message),
    })
  return (
    <div className="flex justify-end">
      {button(t`New key`, KeyRound, () => setDoing('key'))}
      {button(t`Edit`, Pencil, () => setDoing('edit'))}
      {button(isActive ? t`Disable` : t`Enable`, Icon, flip, toggle.isPending)}
      {button(t`Remove`, Trash2, () => setDoing('remove'))}
      {doing === 'key' && <NewKeyDialog account={account} onClose={close} />}
      <Dialog open={doing === 'edit'} onClose={close} title={t`Edit ${account.name}`}>
        <EditAccount account={account} onClose={close} />
      </Dialog>
      <ConfirmDestroy
        open={doing === 'remove'}
        onClose={close}
        title="Remove the service account"
        name={account.name}
        effect="Its keys are revoked at once and its roles taken. What it did stays in the audit log."
        submitLabel="Remove"
        send={() => deleteServiceAccount(account.id)}
        onDone={() => {
          close()
          toast.done(t`The service account is removed`)
        }}
      />
    </div>
  )
}
