import type { Claim } from '../../db/cloudPodClaims.ts'
import type { SourcedPool } from '../../db/provisioningSources.ts'
import type { Entry, Said } from '../../integrations/netbox/types.ts'

const PREFIX = 'mpanel'

/** Several mPanels may use one NetBox: the mark says by which of its connections it was written. */
export const markOf = ({ sourceId }: Pick<SourcedPool, 'sourceId'>, id: string): string =>
  `${PREFIX}:${sourceId}:${id}`

/** The id in a mark of ours, null for what is not ours. */
export function idIn({ sourceId }: Pick<SourcedPool, 'sourceId'>, mark: string | null): string | null {
  const [prefix, source, id, more] = mark?.split(':') ?? []
  return prefix === PREFIX && source === sourceId && more === undefined ? (id ?? null) : null
}

const MAX_DESCRIPTION = 200

/** What NetBox is to say of an address. */
export function saidOf(pool: SourcedPool, claim: Claim): Said {
  return {
    address: claim.address,
    prefix: pool.prefix,
    vrfId: pool.sourceVrf,
    status: claim.wanted,
    dnsName: (claim.reverseName ?? claim.hostname ?? '').toLowerCase(),
    description: describe(claim).slice(0, MAX_DESCRIPTION),
    mark: markOf(pool, claim.id),
  }
}

function describe({ hostname, note }: Claim): string {
  if (hostname !== null) return `mPanel: pod ${hostname}`
  return note === null ? 'mPanel: rests before it is given again' : `mPanel: kept, ${note}`
}

const COMPARED = ['address', 'prefix', 'vrfId', 'status', 'dnsName', 'description'] as const

/** In what an entry is not what it should be. Empty: in nothing. */
export const differsFrom = (entry: Entry, said: Said): string[] =>
  COMPARED.filter((key) => entry[key] !== said[key])
