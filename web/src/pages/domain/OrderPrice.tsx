import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { t } from '../../../../shared/text.ts'
import { searchQuery, type DomainSearch } from '../../api/domainRegistrations.ts'
import { Loaded } from '../../components/Loaded.tsx'
import { formatMoney } from '../../lib/money.ts'
import { Facts } from '../../ui/Card.tsx'
import { Notice } from '../../ui/Notice.tsx'

type Found = DomainSearch['items'][number]

/** What a name costs in the currency of who pays; null while nobody can say. */
export function usePrice(name: string, currency: string | undefined) {
  const query = useQuery({
    ...searchQuery(name, currency ?? ''),
    enabled: currency !== undefined && name !== '',
  })
  return { query, found: query.data?.items.find((one) => one.name === name) ?? null }
}

/** The price of an order; for a premium name with what agreeing to it needs (`children`). */
export function OrderPrice({
  of: { query, found },
  isTransfer,
  years,
  children,
}: {
  of: ReturnType<typeof usePrice>
  isTransfer: boolean
  years: number
  children: ReactNode
}) {
  return (
    <Loaded query={query} what="price">
      {() =>
        found && (
          <div className="space-y-3">
            {found.premium && (
              <Notice tone="warning" title={t`${found.unicodeName} is a premium name`}>
                Its registry asks for a price of its own, now and for each renewal. Should the registry change
                it before the order is carried out, nothing is bought and what was paid is the customer’s
                credit.
              </Notice>
            )}
            <Facts facts={factsOf(found, isTransfer, years)} />
            {found.premium && children}
          </div>
        )
      }
    </Loaded>
  )
}

const factsOf = (found: Found, isTransfer: boolean, years: number): [string, ReactNode][] => {
  const price = isTransfer ? found.transfer : found.price
  return [
    [
      isTransfer ? t`Transfer, with one year` : t`First year`,
      price ? formatMoney(price) : (found.reason ?? t`It is not sold in the customer’s currency.`),
    ],
    [t`Each year after it`, found.renewal && formatMoney(found.renewal)],
    ...(years > 1 && price
      ? [
          [
            t`In all`,
            t`${formatMoney({ ...price, amount: String(BigInt(price.amount) * BigInt(years)) })}, unless ${years} years have a price of their own`,
          ] satisfies [string, ReactNode],
        ]
      : []),
  ]
}
