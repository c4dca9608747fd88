import type { UseQueryResult } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Page } from '../../../shared/api/common.ts'
import { t } from '../../../shared/text.ts'
import type { Domain } from '../api/domains.ts'
import { stateOf } from '../lib/domainWords.ts'
import { paths } from '../paths.ts'
import type { Column } from '../ui/DataTable.tsx'
import { Time } from '../ui/Time.tsx'
import { List } from './List.tsx'
import { useSession } from './session.ts'
import { StateBadge } from './StateBadge.tsx'

/** Domains as every page lists them. */
export function DomainList(list: {
  query: UseQueryResult<Page<Domain>>
  empty: ReactNode
  trail?: string | undefined
  onTrail?: (trail: string | undefined) => void
}) {
  const { tenant } = useSession()
  const columns: Column<Domain>[] = [
    {
      header: t`Domain`,
      render: ({ id, unicodeName, customerName }) => (
        <>
          <Link {...paths.domain(tenant.slug, id)} className="font-medium break-all hover:underline">
            {unicodeName}
          </Link>
          {customerName && <div className="text-[13px] text-muted">{customerName}</div>}
        </>
      ),
    },
    {
      header: t`State`,
      narrow: true,
      render: (domain) => <StateBadge of="domain" state={stateOf(domain)} />,
    },
    {
      header: t`Expires`,
      narrow: true,
      from: 'sm',
      render: ({ expiresAt }) => <Time at={expiresAt} relative />,
    },
    {
      header: t`Added`,
      narrow: true,
      from: 'md',
      render: ({ createdAt }) => <Time at={createdAt} relative />,
    },
  ]
  return <List what="domains" columns={columns} {...list} />
}
