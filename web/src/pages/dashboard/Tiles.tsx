import { Link, type LinkProps } from '@tanstack/react-router'
import { clsx } from 'clsx'
import type { ReactNode } from 'react'
import { t } from '../../../../shared/text.ts'
import type { Dashboard } from '../../api/dashboard.ts'
import { useSession } from '../../components/session.ts'
import { locale } from '../../lib/language.ts'
import { formatMoney } from '../../lib/money.ts'
import { count } from '../../lib/words.ts'
import { paths } from '../../paths.ts'

type Tone = 'plain' | 'warning' | 'danger'
type TileOf = { label: string; value: ReactNode; hint?: ReactNode; to: LinkProps; tone?: Tone }

/** The numbers that one looks at first. Each leads to the list of exactly what it counts. */
export function Tiles({ dashboard }: { dashboard: Dashboard }) {
  const { tenant } = useSession()
  const tiles = tilesOf(dashboard, tenant.slug)
  return (
    <ul aria-label="Figures" className="grid grid-cols-[repeat(auto-fill,minmax(9.5rem,1fr))] gap-3">
      {tiles.map((tile) => (
        <li key={tile.label} className="min-w-0">
          <Tile {...tile} />
        </li>
      ))}
    </ul>
  )
}

const COLOURS: Record<Tone, string> = {
  plain: '',
  warning: 'text-warning-text',
  danger: 'text-danger-text',
}

function Tile({ label, value, hint, to, tone = 'plain' }: TileOf) {
  return (
    <Link
      {...to}
      className="flex h-full flex-col rounded-lg border border-line bg-surface px-4 py-3 hover:border-line-strong hover:bg-raised/50"
    >
      <span className="text-[13px] wrap-anywhere hyphens-auto text-muted">{label}</span>
      <span className={clsx('text-2xl font-semibold break-words tabular-nums', COLOURS[tone])}>{value}</span>
      {hint && <span className="text-[13px] text-muted">{hint}</span>}
    </Link>
  )
}

const of = (counts: readonly { state: string; count: number }[], ...states: readonly string[]): number =>
  counts.filter(({ state }) => states.includes(state)).reduce((sum, one) => sum + one.count, 0)

const attention = (amount: number, tone: Tone): Tone => (amount > 0 ? tone : 'plain')

function tilesOf(dashboard: Dashboard, slug: string): TileOf[] {
  const { customers, cloudPods, recurring, overdue, jobs, certificates, domains, findings } = dashboard
  const { billingFindings } = dashboard
  const tiles: (TileOf | null)[] = [
    customers && {
      label: t`Active customers`,
      value: of(customers, 'active').toLocaleString(locale),
      to: paths.customers(slug, { state: 'active' }),
    },
    recurring && {
      label: t`Recurring revenue`,
      value:
        recurring.length === 0
          ? '—'
          : recurring.map(({ monthly }) => <Amount key={monthly.currency} of={monthly} />),
      hint: t`a month (MRR), ${count(
        recurring.reduce((sum, { subscriptions }) => sum + subscriptions, 0),
        t`subscription`,
        t`subscriptions`,
      )}`,
      to: paths.billingReport(slug),
    },
    cloudPods && {
      label: t`Active CloudPods`,
      value: of(cloudPods, 'active').toLocaleString(locale),
      to: paths.cloudPods(slug, { state: 'active' }),
    },
    overdue && {
      label: t`Overdue invoices`,
      value: overdue.count.toLocaleString(locale),
      hint: overdue.open.map(({ amount }) => formatMoney(amount)).join(', '),
      tone: attention(overdue.count, 'warning'),
      to: paths.invoices(slug, { status: 'open', dueBefore: overdue.dueBefore }),
    },
    jobs && {
      label: t`Stuck jobs`,
      value: of(jobs.open, 'stuck').toLocaleString(locale),
      hint: t`wait for a person`,
      tone: attention(of(jobs.open, 'stuck'), 'danger'),
      to: paths.jobs(slug, { state: 'stuck' }),
    },
    jobs && {
      label: t`Failed jobs`,
      value: jobs.failed.toLocaleString(locale),
      hint: t`in the last 24 hours`,
      tone: attention(jobs.failed, 'danger'),
      to: paths.jobs(slug, { state: 'failed', endedSince: jobs.endedSince }),
    },
    certificates && {
      label: t`Certificates ending`,
      value: certificates.ending.toLocaleString(locale),
      hint: t`within 14 days`,
      tone: attention(certificates.ending, 'warning'),
      to: paths.certificates(slug, { endsBefore: certificates.endsBefore }),
    },
    certificates && {
      label: t`Certificate problems`,
      value: certificates.problems.toLocaleString(locale),
      tone: attention(certificates.problems, 'warning'),
      to: paths.certificates(slug, { problems: 'true' }),
    },
    domains && {
      label: t`Domains expiring`,
      value: domains.ending.toLocaleString(locale),
      hint: t`within 30 days`,
      tone: attention(domains.ending, 'warning'),
      to: paths.domains(slug, { expiresBefore: domains.expiresBefore }),
    },
    domains && {
      label: t`Domains not proven`,
      value: domains.unproven.toLocaleString(locale),
      to: paths.domains(slug, { verified: 'false' }),
    },
    findings && {
      label: t`Open findings`,
      value: findings.reduce((sum, one) => sum + one.count, 0).toLocaleString(locale),
      tone: attention(findings.length, 'warning'),
      to: paths.findings(slug, { state: 'open' }),
    },
    billingFindings && {
      label: t`Billing findings`,
      value: billingFindings.reduce((sum, one) => sum + one.count, 0).toLocaleString(locale),
      tone: attention(billingFindings.length, 'warning'),
      to: paths.billingFindings(slug, { state: 'open' }),
    },
  ]
  return tiles.filter((tile) => tile !== null)
}

const Amount = ({ of: money }: { of: Parameters<typeof formatMoney>[0] }) => (
  <span className="block">{formatMoney(money)}</span>
)
