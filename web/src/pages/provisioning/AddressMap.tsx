import { clsx } from 'clsx'
import { t } from '../../../../shared/text.ts'
import type { IpAddress, IpPool } from '../../api/provisioning.ts'
import { addressAfter, rangeSize } from '../../lib/addresses.ts'
import { Card } from '../../ui/Card.tsx'

/** Larger ranges would be dots that nobody can point at. */
const MAX = 1_024

const LOOKS: Record<IpAddress['state'] | 'free' | 'gateway', { words: string; look: string }> = {
  free: { words: t`free`, look: 'border border-line-strong' },
  reserved: { words: t`reserved`, look: 'bg-info-text' },
  assigned: { words: t`assigned`, look: 'bg-accent-fill' },
  releasing: { words: t`being released`, look: 'bg-accent-fill' },
  quarantined: { words: t`resting`, look: 'bg-warning-text' },
  kept: { words: t`kept back`, look: 'bg-muted' },
  elsewhere: { words: t`held by others in NetBox`, look: 'bg-line-strong' },
  gateway: { words: t`gateway`, look: 'border-2 border-dashed border-line-strong' },
}

const LEGEND = Object.entries(LOOKS)

/** Each address of the range as a square, in words for those who do not see it. */
export function AddressMap({
  pool,
  addresses,
  complete,
}: {
  pool: IpPool
  addresses: readonly IpAddress[]
  complete: boolean
}) {
  const size = rangeSize(pool.rangeStart, pool.rangeEnd) ?? 0
  if (!complete || size > MAX || pool.podPrefix !== null) return null
  const held = new Map(addresses.map((one) => [one.address, one]))
  const squares = Array.from({ length: size }, (_, offset) => {
    const address = addressAfter(pool.rangeStart, offset)
    const one = held.get(address)
    const state = address === pool.gateway ? 'gateway' : (one?.state ?? 'free')
    return { address, state, about: one?.pod?.hostname ?? one?.note ?? null } as const
  })
  const free = squares.filter(({ state }) => state === 'free').length
  return (
    <Card title="Map">
      <p className="sr-only">
        {size} addresses from {pool.rangeStart}, {free} of them free; the table below names the others.
      </p>
      <div aria-hidden className="flex flex-wrap gap-1">
        {squares.map(({ address, state, about }) => (
          <span
            key={address}
            title={`${address}: ${LOOKS[state].words}${about ? `, ${about}` : ''}`}
            className={clsx('size-3.5 rounded-xs', LOOKS[state].look)}
          />
        ))}
      </div>
      <ul className="mt-3 flex flex-wrap gap-x-4 gap-y-1 text-[13px] text-muted">
        {LEGEND.filter(([state]) => state !== 'elsewhere' || pool.source).map(([, { words, look }]) => (
          <li key={words} className="flex items-center gap-1.5">
            <span aria-hidden className={clsx('size-3.5 rounded-xs', look)} />
            {words}
          </li>
        ))}
      </ul>
    </Card>
  )
}
