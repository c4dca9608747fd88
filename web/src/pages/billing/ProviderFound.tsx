import { t } from '../../../../shared/text.ts'
import type { BillingProviderCheck } from '../../api/payments.ts'
import { Facts } from '../../ui/Card.tsx'
import { Notice } from '../../ui/Notice.tsx'

/** What came of trying a key. */
export function ProviderFound({ found: { problems, account, live } }: { found: BillingProviderCheck }) {
  return (
    <>
      {problems.length === 0 ? (
        <Notice tone="success">The key works.</Notice>
      ) : (
        <Notice tone={account === null ? 'danger' : 'warning'} title="Something is to be done">
          <ul>
            {problems.map((problem) => (
              <li key={problem} className="break-words">
                {problem}
              </li>
            ))}
          </ul>
        </Notice>
      )}
      {account !== null && (
        <Facts
          facts={[
            [t`Account`, account],
            [t`Mode`, live === true ? t`Live: real money moves` : t`Test: no money moves`],
          ]}
        />
      )}
    </>
  )
}
