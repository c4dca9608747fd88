import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { LockKeyhole, Plus, SearchCheck, Upload } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import {
  certificatesQuery,
  sslFindingsQuery,
  type SslCertificate,
  type SslDeployment,
} from '../../api/ssl.ts'
import { CsvButton } from '../../components/CsvButton.tsx'
import { dayOf, DayFilter, Filters, oneOf, SearchFilter } from '../../components/Filters.tsx'
import { cursorOf, List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { sslStateOf } from '../../lib/sslWords.ts'
import { humanize } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Select } from '../../ui/Field.tsx'
import { Tabs } from '../../ui/Tabs.tsx'
import { Time } from '../../ui/Time.tsx'
import { RequestCertificate } from './RequestCertificate.tsx'
import { UploadCertificate } from './UploadCertificate.tsx'

const route = getRouteApi('/t/$tenant/certificates')
const TABS = ['all', 'findings'] as const

export default function CertificatesPage() {
  const { can } = useSession()
  const { tab } = route.useSearch()
  const navigate = route.useNavigate()
  const [open, setOpen] = useState<'request' | 'upload' | null>(null)
  const close = () => setOpen(null)
  const actions = can('ssl:manage') && (
    <>
      <Button icon={<Upload aria-hidden className="size-4" />} onClick={() => setOpen('upload')}>
        Upload
      </Button>
      <Button
        variant="primary"
        icon={<Plus aria-hidden className="size-4" />}
        onClick={() => setOpen('request')}
      >
        Request certificate
      </Button>
    </>
  )
  return (
    <Page title="Certificates" permission="ssl:read" actions={actions}>
      <Tabs
        value={oneOf(TABS, tab) ?? 'all'}
        onChange={(chosen) => void navigate({ search: { tab: chosen }, replace: true })}
        tabs={[
          { value: 'all', label: t`Certificates`, content: <All /> },
          { value: 'findings', label: t`Findings`, content: <Findings /> },
        ]}
      />
      <Dialog open={open === 'request'} onClose={close} title="Request certificate">
        <RequestCertificate onClose={close} />
      </Dialog>
      <Dialog open={open === 'upload'} onClose={close} title="Upload certificate" wide>
        <UploadCertificate onClose={close} />
      </Dialog>
    </Page>
  )
}

function All() {
  const { tenant, can } = useSession()
  const { q, problems, endsBefore, page } = route.useSearch()
  const navigate = route.useNavigate()
  const filter = { q, problems: oneOf(['true'] as const, problems), endsBefore: dayOf(endsBefore) }
  const list = certificatesQuery({ tenantId: tenant.id, ...filter, cursor: cursorOf(page) })
  const query = useQuery({
    ...list,
    enabled: can('ssl:read'),
  })
  const show = (change: Partial<typeof filter>) =>
    void navigate({ search: { ...filter, ...change }, replace: true })
  const columns: Column<SslCertificate>[] = [
    {
      header: t`Names`,
      render: (one) => (
        <>
          <Link {...paths.certificate(tenant.slug, one.id)} className="font-medium break-all hover:underline">
            {one.names[0]}
          </Link>
          {one.names.length > 1 && (
            <div className="text-[13px] break-all text-muted">{one.names.slice(1, 4).join(', ')}</div>
          )}
          {one.problem && (
            <div className="text-[13px] break-words text-danger-text">{one.problem.message}</div>
          )}
        </>
      ),
    },
    { header: t`State`, narrow: true, render: (one) => <StateBadge of="ssl" state={sslStateOf(one)} /> },
    { header: t`Ends`, narrow: true, from: 'sm', render: ({ notAfter }) => <Time at={notAfter} relative /> },
    {
      header: t`Next attempt`,
      narrow: true,
      from: 'lg',
      render: ({ dueAt }) => <Time at={dueAt} relative />,
    },
  ]
  const filtered = Object.values(filter).some(Boolean)
  return (
    <Card flush>
      <Filters>
        <SearchFilter label="Search a name" value={q} onChange={(text) => show({ q: text })} />
        <Select
          aria-label="Problems"
          value={filter.problems ?? ''}
          onChange={(event) => show({ problems: oneOf(['true'] as const, event.target.value) })}
          className="w-full sm:w-52"
        >
          <option value="">All certificates</option>
          <option value="true">With a problem</option>
        </Select>
        <DayFilter
          label="Ends before"
          value={filter.endsBefore}
          onChange={(day) => show({ endsBefore: day })}
        />
        <CsvButton of={list} />
      </Filters>
      <List
        query={query}
        what="certificates"
        columns={columns}
        trail={page}
        onTrail={(trail) => void navigate({ search: { ...filter, page: trail } })}
        empty={
          <EmptyState
            icon={LockKeyhole}
            title={filtered ? t`No certificate matches` : t`No certificates yet`}
          >
            {!filtered && t`A certificate is issued for names of a verified domain, and renewed by itself.`}
          </EmptyState>
        }
      />
    </Card>
  )
}

function Findings() {
  const { tenant, can } = useSession()
  const { page } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery({
    ...sslFindingsQuery({ tenantId: tenant.id, cursor: cursorOf(page) }),
    enabled: can('ssl:read'),
  })
  const columns: Column<SslDeployment>[] = [
    {
      header: t`Name`,
      render: ({ certificateId, name, message }) => (
        <>
          <Link
            {...paths.certificate(tenant.slug, certificateId)}
            className="font-medium break-all hover:underline"
          >
            {name}
          </Link>
          <div className="text-[13px] break-words text-muted">{message}</div>
        </>
      ),
    },
    {
      header: t`Finding`,
      narrow: true,
      from: 'sm',
      render: ({ finding }) => finding && <Badge tone="warning">{humanize(finding)}</Badge>,
    },
    {
      header: t`Seen`,
      narrow: true,
      from: 'md',
      render: ({ checkedAt }) => <Time at={checkedAt} relative />,
    },
  ]
  return (
    <Card flush>
      <List
        query={query}
        what="findings"
        columns={columns}
        trail={page}
        onTrail={(trail) => void navigate({ search: { tab: 'findings', page: trail } })}
        empty={
          <EmptyState icon={SearchCheck} title="Nothing was found">
            Every name whose server could be looked at serves what was issued for it.
          </EmptyState>
        }
      />
    </Card>
  )
}
