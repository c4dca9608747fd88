import { canZone } from '../../../../../shared/states/domainZone.ts'
import { t } from '../../../../../shared/text.ts'
import { lookAtZone, type Zone } from '../../../api/dnsZones.ts'
import { useSubmit } from '../../../api/submit.ts'
import { DELEGATION_WORDS } from '../../../lib/domainWords.ts'
import { Badge } from '../../../ui/Badge.tsx'
import { Button } from '../../../ui/Button.tsx'
import { Card, Facts } from '../../../ui/Card.tsx'
import { DataTable, type Column } from '../../../ui/DataTable.tsx'
import { Notice } from '../../../ui/Notice.tsx'
import { Time } from '../../../ui/Time.tsx'
import { toast } from '../../../ui/Toast.tsx'

type Server = Zone['delegation']['servers'][number]

/** What the parent and the name servers say, seen from outside. */
export function ZoneDelegation({ zone, mayNot }: { zone: Zone; mayNot: string | undefined }) {
  const { state, findings, servers, checkedAt, parent, nameServers } = zone.delegation
  const look = useSubmit<null, unknown>({
    send: (_, key) => lookAtZone(zone.domainId, key),
    onDone: () => toast.done(t`The name servers are being asked`),
  })
  const verdict = canZone.apply(zone)
  const [tone, words] = DELEGATION_WORDS[state]
  return (
    <Card
      title="Delegation"
      actions={
        <Button
          size="sm"
          loading={look.isPending}
          disabledReason={mayNot ?? (verdict.allowed ? undefined : verdict.reason)}
          onClick={() => look.mutate(null, { onError: ({ message }) => toast.failed(t`Not begun`, message) })}
        >
          Look now
        </Button>
      }
    >
      <div className="space-y-4">
        <Facts
          facts={[
            [
              t`Seen from outside`,
              <Badge key="state" tone={tone}>
                {words}
              </Badge>,
            ],
            [t`Delegated by`, parent === null ? null : parent === '' ? t`the root` : parent],
            [t`Delegated to`, nameServers.length === 0 ? null : nameServers.join(', ')],
            [t`Last look`, checkedAt && <Time key="at" at={checkedAt} relative />],
          ]}
        />
        {findings.map(({ level, code, message }) => (
          <Notice key={`${code} ${message}`} tone={level === 'error' ? 'danger' : 'warning'}>
            {message}
          </Notice>
        ))}
        {servers.length > 0 && (
          <DataTable label="name servers" columns={COLUMNS} rows={servers} rowKey={({ host }) => host} />
        )}
      </div>
    </Card>
  )
}

const COLUMNS: Column<Server>[] = [
  {
    header: t`Name server`,
    render: ({ host, addresses }) => (
      <>
        <div className="font-medium break-all">{host}</div>
        <div className="font-mono text-[13px] break-all text-muted">{addresses.join(', ')}</div>
      </>
    ),
  },
  {
    header: t`Answers`,
    narrow: true,
    render: ({ ok }) => <Badge tone={ok ? 'success' : 'danger'}>{ok ? t`Yes` : t`No`}</Badge>,
  },
  { header: t`Serial`, from: 'sm', narrow: true, align: 'right', render: ({ serial }) => serial ?? '—' },
  { header: t`Signed`, from: 'sm', narrow: true, render: ({ signed }) => (signed ? t`Yes` : t`No`) },
]
