import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { canDomain } from '../../../../shared/states/domain.ts'
import { t } from '../../../../shared/text.ts'
import { connectionQuery, disconnectDomain, type DomainConnection } from '../../api/domainConnections.ts'
import type { Domain } from '../../api/domains.ts'
import { useSubmit } from '../../api/submit.ts'
import { ErrorNotice } from '../../components/ErrorNotice.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { humanize } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/Button.tsx'
import { Card, Facts } from '../../ui/Card.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { toast } from '../../ui/Toast.tsx'
import { ConnectForm } from './ConnectForm.tsx'

/** Which pod a domain leads to, and how it comes to lead to another one. */
export function Connection({ domain }: { domain: Domain }) {
  const { can } = useSession()
  const query = useQuery(connectionQuery(domain.id))
  const [connecting, setConnecting] = useState(false)
  const away = useSubmit<null, null>({
    send: () => disconnectDomain(domain.id),
    onDone: () => toast.done(t`The records are taken away`),
  })
  const verdict = canDomain.use(domain)
  const why = !can('domains:update', domain.tenantId)
    ? NO_PERMISSION('domains:update')
    : verdict.allowed
      ? undefined
      : verdict.reason
  const connection = query.data?.connection
  return (
    <Card
      title="CloudPod"
      actions={
        <>
          {connection && (
            <Button disabledReason={why} loading={away.isPending} onClick={() => away.mutate(null)}>
              Disconnect
            </Button>
          )}
          <Button variant="primary" disabledReason={why} onClick={() => setConnecting(true)}>
            {connection ? t`Change` : t`Connect`}
          </Button>
        </>
      }
    >
      <div className="space-y-3">
        {away.error && <ErrorNotice error={away.error} />}
        <Loaded query={query} what="connection">
          {({ connection: now }) =>
            now ? (
              <Shown connection={now} />
            ) : (
              <p className="text-muted">
                This domain leads to no CloudPod. Connecting writes its address into the zone and has a
                certificate made.
              </p>
            )
          }
        </Loaded>
      </div>
      <Dialog open={connecting} onClose={() => setConnecting(false)} title={t`Connect ${domain.unicodeName}`}>
        <ConnectForm domain={domain} connection={connection ?? null} onClose={() => setConnecting(false)} />
      </Dialog>
    </Card>
  )
}

function Shown({
  connection: { pod, hosts, addresses, served, certificate, delivery },
}: {
  connection: DomainConnection
}) {
  const { tenant, can } = useSession()
  return (
    <Facts
      facts={[
        [
          t`CloudPod`,
          can('cloudpods:read') ? (
            <Link key="pod" {...paths.cloudPod(tenant.slug, pod.id)} className="hover:underline">
              {pod.hostname}
            </Link>
          ) : (
            pod.hostname
          ),
        ],
        [t`Names`, hosts.join(', ')],
        [t`Addresses`, addresses.join(', ')],
        [t`Name servers`, served ? t`Answer with these addresses` : t`Are being told`],
        [t`Certificate`, certificate && <Certificate key="certificate" {...certificate} />],
        certificate && [
          t`In the CloudPod`,
          delivery ? (
            <span key="delivery" className="inline-flex flex-wrap items-center gap-1.5">
              {delivery.kind === 'guest' ? t`Installed by mPanel` : t`Fetched by an agent`}
              <StateBadge of="sslTarget" state={delivery.state} />
              {delivery.problem && <span className="text-danger-text">{delivery.problem}</span>}
            </span>
          ) : (
            t`By hand: nobody brings it there`
          ),
        ],
      ]}
    />
  )
}

function Certificate({ id, state }: { id: string; state: string }) {
  const { tenant, can } = useSession()
  return can('ssl:read') ? (
    <Link {...paths.certificate(tenant.slug, id)} className="hover:underline">
      {humanize(state)}
    </Link>
  ) : (
    humanize(state)
  )
}
