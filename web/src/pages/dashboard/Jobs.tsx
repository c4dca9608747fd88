import { Link } from '@tanstack/react-router'
import { JOB_STATES } from '../../../../shared/states/provisioningJob.ts'
import { t } from '../../../../shared/text.ts'
import type { Dashboard } from '../../api/dashboard.ts'
import { useSession } from '../../components/session.ts'
import { toneOf } from '../../components/StateBadge.tsx'
import { locale } from '../../lib/language.ts'
import { humanize } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Bars } from '../../ui/Bars.tsx'
import { Card } from '../../ui/Card.tsx'
import { Chart } from '../../ui/Chart.tsx'

/** What is to be done, and what was done in the last day. */
export function Jobs({ jobs }: { jobs: NonNullable<Dashboard['jobs']> }) {
  const { tenant } = useSession()
  const open = JOB_STATES.flatMap((state) => jobs.open.filter((one) => one.state === state))
  return (
    <Card title="Jobs">
      <div className="space-y-4">
        <Chart
          title="Ended in an hour"
          times={jobs.hours.map(({ from }) => from)}
          format={(value) => Number(value.toFixed(1)).toLocaleString(locale)}
          series={[
            { name: t`Succeeded`, values: jobs.hours.map(({ succeeded }) => succeeded) },
            { name: t`Failed`, values: jobs.hours.map(({ failed }) => failed) },
          ]}
        />
        {open.length === 0 ? (
          <p className="text-muted">Nothing waits or runs.</p>
        ) : (
          <Bars
            label="Jobs that are not over, by state"
            rows={open.map(({ state, count }) => ({
              name: state,
              label: (
                <Link {...paths.jobs(tenant.slug, { state })} className="hover:underline">
                  {humanize(state)}
                </Link>
              ),
              value: count,
              tone: toneOf('job', state),
            }))}
          />
        )}
      </div>
    </Card>
  )
}
