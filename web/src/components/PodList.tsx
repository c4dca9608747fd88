import type { UseQueryResult } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Page } from '../../../shared/api/common.ts'
import { t } from '../../../shared/text.ts'
import type { CloudPod } from '../api/cloudPods.ts'
import { size } from '../lib/words.ts'
import { paths } from '../paths.ts'
import type { Column } from '../ui/DataTable.tsx'
import { Time } from '../ui/Time.tsx'
import { List } from './List.tsx'
import { useSession } from './session.ts'
import { PodBadges } from './StateBadge.tsx'
import { Tags } from './Tags.tsx'

/** CloudPods as every page lists them. */
export function PodList({
  query,
  empty,
  trail,
  onTrail,
}: {
  query: UseQueryResult<Page<CloudPod>>
  empty: ReactNode
  trail?: string | undefined
  onTrail?: (trail: string | undefined) => void
}) {
  const { tenant } = useSession()
  const columns: Column<CloudPod>[] = [
    {
      header: t`CloudPod`,
      render: (pod) => (
        <>
          <Link
            {...paths.cloudPod(tenant.slug, pod.id)}
            className="font-medium wrap-anywhere hover:underline"
          >
            {pod.hostname}
          </Link>
          <div className="text-[13px] text-muted">
            {pod.recoverableUntil === null ? (
              pod.blueprint.name
            ) : (
              <>
                Can be undeleted until <Time at={pod.recoverableUntil} />
              </>
            )}
          </div>
          <Tags tags={pod.tags} to={(tag) => paths.cloudPods(tenant.slug, { tag })} />
        </>
      ),
    },
    { header: t`State`, narrow: true, render: (pod) => <PodBadges pod={pod} /> },
    {
      header: t`Addresses`,
      from: 'md',
      render: (pod) => <span className="font-mono text-[13px]">{pod.addresses.join(', ') || '—'}</span>,
    },
    { header: t`Size`, from: 'lg', render: (pod) => size(pod) },
    { header: t`Created`, from: 'md', narrow: true, render: (pod) => <Time at={pod.createdAt} relative /> },
  ]
  return (
    <List query={query} what="CloudPods" columns={columns} empty={empty} trail={trail} onTrail={onTrail} />
  )
}
