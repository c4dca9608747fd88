import { useQuery } from '@tanstack/react-query'
import { t } from '../../../../shared/text.ts'
import { statisticsQuery } from '../../api/customerFile.ts'
import type { Customer } from '../../api/customers.ts'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { formatMoney } from '../../lib/money.ts'
import { codeWords, humanize } from '../../lib/words.ts'
import { Card, Facts } from '../../ui/Card.tsx'

const counts = (of: Record<string, number>): string =>
  Object.entries(of)
    .map(([state, n]) => `${n} ${codeWords(state)}`)
    .join(', ') || t`None`

/** What a customer has, owes and has in hand. */
export function Statistics({ customer }: { customer: Customer }) {
  const { can } = useSession()
  const permitted = can('billing:read', customer.tenantId)
  const query = useQuery({ ...statisticsQuery(customer.id), enabled: permitted })
  return (
    <Card title="At a glance">
      {permitted ? (
        <Loaded query={query} what="statistics">
          {({ subscriptions, cloudPods, money }) => (
            <Facts
              facts={[
                [t`Subscriptions`, counts(subscriptions)],
                [t`CloudPods`, counts(cloudPods)],
                ...money.flatMap(({ currency, ...sums }) =>
                  (['open', 'overdue', 'paid', 'credit'] as const).map(
                    (sum) =>
                      [
                        `${humanize(sum)} (${currency})`,
                        formatMoney({ amount: sums[sum], currency }),
                      ] as const,
                  ),
                ),
              ]}
            />
          )}
        </Loaded>
      ) : (
        <p className="text-muted">{NO_PERMISSION('billing:read')}</p>
      )}
    </Card>
  )
}
