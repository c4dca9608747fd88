import { Link, type LinkProps } from '@tanstack/react-router'
import type { Dashboard } from '../../api/dashboard.ts'
import { useSession } from '../../components/session.ts'
import { BILLING_FINDING_WORDS, FINDING_WORDS } from '../../lib/findingWords.ts'
import { paths } from '../../paths.ts'
import { Bars } from '../../ui/Bars.tsx'
import { Card } from '../../ui/Card.tsx'

type Shown = {
  findings: NonNullable<Dashboard['findings']>
  ofBilling: NonNullable<Dashboard['billingFindings']>
}

const row = (name: string, value: number, words: string, to: LinkProps) => ({
  name,
  label: (
    <Link {...to} className="hover:underline">
      {words}
    </Link>
  ),
  value,
  tone: 'warning' as const,
})

/** What waits for a decision, by kind; each leads to the list of exactly what it counts. */
export default function Findings({ findings, ofBilling }: Shown) {
  const { tenant } = useSession()
  return (
    <Card title="Open findings">
      <Bars
        label="Open findings by kind"
        rows={[
          ...findings.map(({ kind, count }) =>
            row(kind, count, FINDING_WORDS[kind], paths.findings(tenant.slug, { state: 'open', kind })),
          ),
          ...ofBilling.map(({ kind, count }) =>
            row(
              kind,
              count,
              BILLING_FINDING_WORDS[kind],
              paths.billingFindings(tenant.slug, { state: 'open', kind }),
            ),
          ),
        ]}
      />
    </Card>
  )
}
