import { useQuery } from '@tanstack/react-query'
import { t } from '../../../../shared/text.ts'
import {
  checkCertificate,
  sslDeploymentsQuery,
  type SslCertificate,
  type SslDeployment,
} from '../../api/ssl.ts'
import { useSubmit } from '../../api/submit.ts'
import { ErrorNotice } from '../../components/ErrorNotice.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { humanize } from '../../lib/words.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'

const COLUMNS: Column<SslDeployment>[] = [
  {
    header: t`Name`,
    render: ({ name, host, port, targetId, message }) => (
      <>
        <p className="break-all">
          {port === 443 ? name : `${name}:${port}`}
          {targetId !== null && host !== name && t` at ${host}`}
        </p>
        {message && <p className="text-[13px] break-words text-muted">{message}</p>}
      </>
    ),
  },
  {
    header: t`Finding`,
    narrow: true,
    render: ({ finding }) => (
      <Badge tone={finding === null ? 'success' : 'warning'}>
        {finding === null ? t`Good` : humanize(finding)}
      </Badge>
    ),
  },
  { header: t`Issuer`, from: 'md', render: ({ servedIssuer }) => servedIssuer ?? '—' },
  { header: t`Seen`, narrow: true, from: 'sm', render: ({ checkedAt }) => <Time at={checkedAt} relative /> },
]

/** What the servers of its names showed when they were last looked at. */
export function Served({ certificate }: { certificate: SslCertificate }) {
  const { can } = useSession()
  const query = useQuery(sslDeploymentsQuery(certificate.id))
  const look = useSubmit<null, null>({
    send: (_, key) => checkCertificate(certificate.id, key),
    onDone: () => toast.done(t`Its servers are looked at within a minute`),
  })
  const reason = !can('ssl:manage', certificate.tenantId)
    ? NO_PERMISSION('ssl:manage')
    : certificate.state === 'issued'
      ? undefined
      : t`Nothing is in force that could be served.`
  return (
    <Card
      title="What is served"
      flush
      actions={
        <Button size="sm" loading={look.isPending} disabledReason={reason} onClick={() => look.mutate(null)}>
          Look now
        </Button>
      }
    >
      {look.error && <ErrorNotice error={look.error} />}
      <Loaded query={query} what="servers">
        {({ items }) =>
          items.length === 0 ? (
            <p className="p-4 text-muted">
              Its servers were not looked at yet. That is done every six hours; wildcards have no server to
              look at.
            </p>
          ) : (
            <DataTable label="servers" columns={COLUMNS} rows={items} rowKey={({ id }) => id} />
          )
        }
      </Loaded>
    </Card>
  )
}
