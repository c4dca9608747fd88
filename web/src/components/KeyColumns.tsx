import { t } from '../../../shared/text.ts'
import type { ApiKey } from '../api/apiKeys.ts'
import { count } from '../lib/words.ts'
import { Badge, type Tone } from '../ui/Badge.tsx'
import type { Column } from '../ui/DataTable.tsx'
import { Time } from '../ui/Time.tsx'
import { Tooltip } from '../ui/Tooltip.tsx'

const TONE: Record<ApiKey['state'], Tone> = { active: 'success', expired: 'neutral', revoked: 'danger' }

const limits = ({ resources, allowedNetworks, tenantName }: ApiKey): string =>
  [
    tenantName === null ? 'everywhere' : t`in ${tenantName}`,
    resources.length > 0 && t`only ${count(resources.length, t`thing`, t`things`)}`,
    allowedNetworks.length > 0 && t`from ${allowedNetworks.join(', ')}`,
  ]
    .filter(Boolean)
    .join(' · ')

/** What every list of keys shows. */
export const KEY_COLUMNS: Column<ApiKey>[] = [
  {
    header: t`Key`,
    render: (key) => (
      <>
        <span className="flex flex-wrap items-center gap-2">
          <span className="font-medium break-words">{key.name}</span>
          <Badge tone={TONE[key.state]}>{key.state}</Badge>
        </span>
        <span className="block text-[13px] break-words text-muted">
          <code>{key.prefix}…</code> · {limits(key)}
        </span>
      </>
    ),
  },
  {
    header: t`May`,
    from: 'lg',
    narrow: true,
    render: ({ scopes }) => (
      <Tooltip text={scopes.join(', ')}>
        <button type="button" className="rounded">
          {count(scopes.length, t`permission`, t`permissions`)}
        </button>
      </Tooltip>
    ),
  },
  {
    header: t`Last used`,
    from: 'md',
    render: ({ lastUsedAt, lastUsedIp }) =>
      lastUsedAt === null ? (
        t`Never`
      ) : (
        <>
          <Time at={lastUsedAt} relative />
          <span className="block text-[13px] text-muted">{lastUsedIp}</span>
        </>
      ),
  },
  { header: t`Until`, from: 'sm', narrow: true, render: ({ expiresAt }) => <Time at={expiresAt} /> },
]
