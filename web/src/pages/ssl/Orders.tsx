import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { jobQuery } from '../../api/provisioning.ts'
import { sslOrdersQuery, type SslCertificate, type SslOrder } from '../../api/ssl.ts'
import { JobProgress } from '../../components/JobProgress.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { useSession } from '../../components/session.ts'
import { humanize } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Badge, type Tone } from '../../ui/Badge.tsx'
import { Card } from '../../ui/Card.tsx'
import { Time } from '../../ui/Time.tsx'

const TONE: Record<SslOrder['state'], Tone> = { open: 'info', valid: 'success', failed: 'danger' }
const SHOWN = {
  planned: (by: string) => t`by ${by}: the proof will be shown`,
  presented: (by: string) => t`by ${by}: the proof is shown`,
  answered: (by: string) => t`by ${by}: the CA looks`,
  cleaned: (by: string) => t`by ${by}: the proof was taken away`,
}

const BY = { 'dns-01': 'DNS', 'http-01': 'HTTP', 'tls-alpn-01': 'TLS' }

/** What was asked of CAs, the one that is open with its steps. */
export function Orders({ certificate }: { certificate: SslCertificate }) {
  const query = useQuery(sslOrdersQuery(certificate.id))
  return (
    <Loaded query={query} what="orders">
      {({ items }) => (
        <div className="space-y-4">
          {items.length === 0 && (
            <Card>
              <p className="text-muted">No CA was asked: it was uploaded, or the private CA has signed it.</p>
            </Card>
          )}
          {items.map((order) => (
            <Order key={order.id} order={order} />
          ))}
        </div>
      )}
    </Loaded>
  )
}

function Order({ order }: { order: SslOrder }) {
  const { tenant, can } = useSession()
  const live = order.state === 'open' && order.jobId !== null && can('jobs:read')
  const job = useQuery({ ...jobQuery(order.jobId ?? ''), enabled: live })
  return (
    <Card
      title={
        <span className="flex flex-wrap items-center gap-2">
          {order.issuer}
          <Badge tone={TONE[order.state]}>{humanize(order.state)}</Badge>
        </span>
      }
    >
      <div className="space-y-3">
        <p className="text-[13px] text-muted">
          {order.endedAt === null ? (
            <>
              Asked <Time at={order.createdAt} relative />
            </>
          ) : (
            <>
              Asked <Time at={order.createdAt} relative />, ended <Time at={order.endedAt} relative />
            </>
          )}
          {order.jobId && can('jobs:read') && (
            <>
              {' · '}
              <Link {...paths.job(tenant.slug, order.jobId)} className="hover:underline">
                Its job
              </Link>
            </>
          )}
        </p>
        {order.problem && (
          <p className="break-words text-danger-text">
            {humanize(order.problem.code)}: {order.problem.message}
          </p>
        )}
        {order.challenges.length > 0 && (
          <ul className="space-y-1">
            {order.challenges.map(({ name, type, state }) => (
              <li key={`${name} ${type}`} className="break-words">
                <span className="font-medium break-all">{name}</span> {SHOWN[state](BY[type])}
              </li>
            ))}
          </ul>
        )}
        {live && job.data && <JobProgress job={job.data} />}
      </div>
    </Card>
  )
}
