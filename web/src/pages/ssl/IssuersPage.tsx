import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { clsx } from 'clsx'
import { Plus, Stamp } from 'lucide-react'
import { useState } from 'react'
import { canSslIssuer } from '../../../../shared/states/ssl.ts'
import { t } from '../../../../shared/text.ts'
import { save } from '../../api/http.ts'
import { changeAccountKey, retireIssuer, sslIssuersQuery, takeRoot, type SslIssuer } from '../../api/ssl.ts'
import { useSubmit } from '../../api/submit.ts'
import { ConfirmDestroy } from '../../components/ConfirmDestroy.tsx'
import { ErrorNotice } from '../../components/ErrorNotice.tsx'
import { cursorOf, List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { locale } from '../../lib/language.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { paths } from '../../paths.ts'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { IssuerForm } from './IssuerForm.tsx'

const route = getRouteApi('/t/$tenant/ssl-issuers')

/** Who gives certificates, in the order in which they are asked. */
export default function IssuersPage() {
  const { can } = useSession()
  const { page } = route.useSearch()
  const navigate = route.useNavigate()
  const [open, setOpen] = useState<SslIssuer | 'new' | null>(null)
  const [retiring, setRetiring] = useState<SslIssuer | null>(null)
  const close = () => setOpen(null)
  const query = useQuery({
    ...sslIssuersQuery({ cursor: cursorOf(page) }),
    enabled: can('infrastructure:read', null),
  })
  const root = useSubmit<null, { pem: string }>({
    send: () => takeRoot(),
    onDone: ({ pem }) => save(new Blob([pem], { type: 'application/x-pem-file' }), 'mpanel-private-ca.pem'),
  })
  const refused = can('infrastructure:manage', null) ? undefined : NO_PERMISSION('infrastructure:manage')
  const columns: Column<SslIssuer>[] = [
    {
      header: t`Issuer`,
      render: ({ name, directoryUrl, problem }) => (
        <>
          <p className="font-medium">{name}</p>
          <p className={clsx('text-[13px] text-muted', directoryUrl === null ? 'break-words' : 'break-all')}>
            {directoryUrl ?? t`Inside mPanel. It is asked where no other issuer is there.`}
          </p>
          {problem && <p className="text-[13px] break-words text-danger-text">{problem}</p>}
        </>
      ),
    },
    { header: t`Priority`, narrow: true, from: 'md', render: ({ priority }) => priority },
    {
      header: t`Orders in 3 h`,
      narrow: true,
      from: 'lg',
      render: ({ kind, budget }) => (kind === 'acme' ? t`up to ${budget.toLocaleString(locale)}` : t`any`),
    },
    {
      header: t`Account`,
      narrow: true,
      from: 'md',
      render: (issuer) => <Account issuer={issuer} />,
    },
    {
      header: t`Actions`,
      narrow: true,
      render: (issuer) =>
        issuer.kind === 'private' ? (
          <Button size="sm" loading={root.isPending} onClick={() => root.mutate(null)}>
            Download root
          </Button>
        ) : (
          <IssuerActions
            issuer={issuer}
            refused={refused}
            onChange={() => setOpen(issuer)}
            onRetire={() => setRetiring(issuer)}
          />
        ),
    },
  ]
  return (
    <Page
      title="Certificate issuers"
      permission="infrastructure:read"
      ofPlatform
      actions={
        <Button
          variant="primary"
          icon={<Plus aria-hidden className="size-4" />}
          disabledReason={refused}
          onClick={() => setOpen('new')}
        >
          Add a CA
        </Button>
      }
    >
      {root.error && <ErrorNotice error={root.error} />}
      <Card flush>
        <List
          query={query}
          what="issuers"
          columns={columns}
          trail={page}
          onTrail={(trail) => void navigate({ search: { page: trail } })}
          empty={
            <EmptyState icon={Stamp} title="No issuer yet">
              Without one, a private CA inside mPanel signs: it is made with the first certificate.
            </EmptyState>
          }
        />
      </Card>
      <Dialog
        open={open !== null}
        onClose={close}
        title={open === 'new' ? t`Add a CA` : t`Change the CA`}
        wide
      >
        {open !== null && <IssuerForm issuer={open === 'new' ? null : open} onClose={close} />}
      </Dialog>
      {retiring && (
        <ConfirmDestroy
          open
          onClose={() => setRetiring(null)}
          title={t`Retire ${retiring.name}`}
          name={retiring.name}
          effect="Nothing new is asked of it. What it has issued stays, and is renewed by another issuer."
          submitLabel="Retire"
          send={() => retireIssuer(retiring.id)}
          onDone={() => {
            toast.done(t`Issuer retired`)
            setRetiring(null)
          }}
        />
      )}
    </Page>
  )
}

function Account({ issuer: { kind, hasAccount, keyChangedAt } }: { issuer: SslIssuer }) {
  if (kind === 'private') return '—'
  if (keyChangedAt === null) return hasAccount ? t`made` : t`at the first order`
  return (
    <>
      key of <Time at={keyChangedAt} relative />
    </>
  )
}

function IssuerActions({
  issuer,
  refused,
  onChange,
  onRetire,
}: {
  issuer: SslIssuer
  refused: string | undefined
  onChange: () => void
  onRetire: () => void
}) {
  const { tenant } = useSession()
  const navigate = route.useNavigate()
  const changeKey = useSubmit<null, { jobId: string }>({
    send: (_, key) => changeAccountKey(issuer.id, key),
    onDone: ({ jobId }) => void navigate(paths.job(tenant.slug, jobId)),
  })
  return (
    <div className="space-y-2">
      {changeKey.error && <ErrorNotice error={changeKey.error} />}
      <div className="flex flex-wrap gap-2">
        <Button size="sm" disabledReason={refused} onClick={onChange}>
          Change
        </Button>
        <Button
          size="sm"
          loading={changeKey.isPending}
          disabledReason={refused ?? keyReason(issuer)}
          onClick={() => changeKey.mutate(null)}
        >
          Change key
        </Button>
        <Button size="sm" disabledReason={refused} onClick={onRetire}>
          Retire
        </Button>
      </div>
    </div>
  )
}

function keyReason({ kind, hasAccount, isChangingKey }: SslIssuer): string | undefined {
  const verdict = canSslIssuer.changeKey({ kind, hasAccount, isChanging: isChangingKey })
  return verdict.allowed ? undefined : verdict.reason
}
