import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { quotaQuery } from '../../api/tenants.ts'
import { Loaded } from '../../components/Loaded.tsx'
import { useSession } from '../../components/session.ts'
import { UsageBar } from '../../components/UsageBar.tsx'
import { disk, memory } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Card } from '../../ui/Card.tsx'

const SHOWN = [
  ['maxPods', t`CloudPods`, null],
  ['maxCores', t`Cores`, null],
  ['maxMemoryMb', t`Memory`, memory],
  ['maxDiskGb', t`Disk`, disk],
] as const

/** How much of what the tenant may have is in use. */
export default function Quota({ tenantId }: { tenantId: string }) {
  const { tenant } = useSession()
  return (
    <Card
      title="Quota"
      actions={
        <Link {...paths.tenant(tenant.slug, tenantId)} className="text-accent hover:underline">
          Tenant
        </Link>
      }
    >
      <Usage tenantId={tenantId} />
    </Card>
  )
}

function Usage({ tenantId }: { tenantId: string }) {
  const query = useQuery(quotaQuery(tenantId))
  return (
    <Loaded query={query} what="quota">
      {({ limits }) =>
        limits === null ? (
          <p className="text-muted">The tenant has no limits yet: nothing can be ordered.</p>
        ) : (
          <div className="space-y-3">
            {SHOWN.map(([name, label, format]) => (
              <UsageBar
                key={name}
                label={label}
                used={limits[name].used}
                total={limits[name].limit}
                {...(format && { format })}
              />
            ))}
          </div>
        )
      }
    </Loaded>
  )
}
