import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { certificateQuery, type SslCertificateDetail } from '../../api/ssl.ts'
import { oneOf } from '../../components/Filters.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { Timeline } from '../../components/Timeline.tsx'
import { sslStateOf } from '../../lib/sslWords.ts'
import { humanize } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Card, Facts } from '../../ui/Card.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Tabs } from '../../ui/Tabs.tsx'
import { Time } from '../../ui/Time.tsx'
import { CertificateActions } from './CertificateActions.tsx'
import { Chain, Versions } from './CertificateParts.tsx'
import { Orders } from './Orders.tsx'
import { Served } from './Served.tsx'
import { Targets } from './Targets.tsx'

const route = getRouteApi('/t/$tenant/certificates/$id')
const TABS = ['overview', 'orders', 'deployments', 'versions', 'timeline'] as const

export default function CertificatePage() {
  const { id } = route.useParams()
  const { tenant, can } = useSession()
  const query = useQuery({ ...certificateQuery(id), enabled: can('ssl:read') })
  const certificate = query.data
  return (
    <Page
      title={certificate?.names[0] ?? t`Certificate`}
      crumbs={[{ label: t`Certificates`, link: paths.certificates(tenant.slug) }]}
      permission="ssl:read"
      badge={certificate && <StateBadge of="ssl" state={sslStateOf(certificate)} />}
      actions={certificate && <CertificateActions certificate={certificate} />}
    >
      <Loaded query={query} what="certificate">
        {(data) => <Content certificate={data} />}
      </Loaded>
    </Page>
  )
}

function Content({ certificate }: { certificate: SslCertificateDetail }) {
  const { can } = useSession()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const { problem, dueAt, action } = certificate
  return (
    <div className="space-y-4">
      {problem && action === null && (
        <Notice
          tone={problem.class === 'blocked' ? 'warning' : 'danger'}
          title={
            certificate.state === 'issued'
              ? t`${humanize(problem.code)} at the last renewal`
              : humanize(problem.code)
          }
        >
          <p>{problem.message}</p>
          {dueAt && (
            <p>
              It is tried again <Time at={dueAt} relative />.
            </p>
          )}
        </Notice>
      )}
      <Tabs
        value={oneOf(TABS, search.tab) ?? (action === 'issue' ? 'orders' : 'overview')}
        onChange={(tab) => void navigate({ search: { tab }, replace: true })}
        tabs={[
          { value: 'overview', label: t`Overview`, content: <Overview certificate={certificate} /> },
          { value: 'orders', label: t`Orders`, content: <Orders certificate={certificate} /> },
          {
            value: 'deployments',
            label: t`Deployments`,
            content: (
              <div className="space-y-4">
                <Targets certificate={certificate} />
                <Served certificate={certificate} />
              </div>
            ),
          },
          { value: 'versions', label: t`Versions`, content: <Versions certificate={certificate} /> },
          can('audit:read') && {
            value: 'timeline',
            label: t`Timeline`,
            content: (
              <Card flush>
                <Timeline targetId={certificate.id} />
              </Card>
            ),
          },
        ]}
      />
    </div>
  )
}

const PROOFS = {
  auto: t`mPanel chooses`,
  'dns-01': t`By DNS`,
  'http-01': t`By HTTP`,
  'tls-alpn-01': t`By TLS`,
}

function Overview({ certificate }: { certificate: SslCertificateDetail }) {
  const { names, source, challenge, notAfter, dueAt, window, problem } = certificate
  const current = certificate.versions.find(({ state }) => state === 'current')
  return (
    <div className="space-y-4">
      <Card>
        <Facts
          facts={[
            [
              t`Names`,
              <span key="names" className="break-words">
                {names.join(', ')}
              </span>,
            ],
            [t`From`, source === 'uploaded' ? t`Uploaded` : (current?.issuerName ?? null)],
            [t`Ends`, notAfter && <Time key="end" at={notAfter} />],
            source === 'issued'
              ? [problem === null ? t`Renewal` : t`Next attempt`, dueAt && <Time key="due" at={dueAt} />]
              : null,
            source === 'issued' ? [t`Proof`, PROOFS[challenge]] : null,
            window && [
              t`The CA suggests`,
              <span key="window">
                <Time at={window.start} /> to <Time at={window.end} />
              </span>,
            ],
            window?.url
              ? [
                  t`Why`,
                  <span key="why" className="break-all">
                    {window.url}
                  </span>,
                ]
              : null,
            [t`Key`, current?.keyType ?? null],
            [t`Id`, <CopyId key="id" id={certificate.id} what="certificate id" />],
          ]}
        />
      </Card>
      {certificate.chain.length > 0 && <Chain chain={certificate.chain} />}
    </div>
  )
}
