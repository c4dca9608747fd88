import { Link } from '@tanstack/react-router'
import type { Dashboard } from '../../api/dashboard.ts'
import { useSession } from '../../components/session.ts'
import { FINDING_WORDS } from '../../lib/findingWords.ts'
import { paths } from '../../paths.ts'
import { Bars } from '../../ui/Bars.tsx'
import { Card } from '../../ui/Card.tsx'

export function Findings({ findings }: { findings: NonNullable<Dashboard['findings']> }) {
  const { tenant } = useSession()
  return (
    <Card title="Open findings">
      <Bars
        label="Open findings by kind"
        rows={findings.map(({ kind, count }) => ({
          name: kind,
          label: (
            <Link {...paths.findings(tenant.slug, { state: 'open', kind })} className="hover:underline">
              {FINDING_WORDS[kind]}
            </Link>
          ),
          value: count,
          tone: 'warning',
        }))}
      />
    </Card>
  )
}
