import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { CalendarClock, OctagonX } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { advance, clockEventsQuery, clockQuery, stop, type Clock } from '../../api/clock.ts'
import { useSubmit } from '../../api/submit.ts'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Progress } from '../../ui/Progress.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'

const DAY_MS = 86_400_000

const SYSTEMS: Record<NonNullable<Clock['refused']>['systems'][number]['kind'], string> = {
  cluster: t`Cluster`,
  paymentProvider: t`Payment provider`,
  registrar: t`Registrar`,
  dnsServer: t`DNS server`,
  certificateIssuer: t`Certificate issuer`,
  addressSource: t`NetBox`,
  identityProvider: t`Single sign-on`,
  auditReceiver: t`Receiver of the audit log`,
  webhook: t`Webhook`,
  mailServer: t`Mail server`,
  taxIdService: t`Check of VAT numbers`,
  monitor: t`Monitor`,
}

/** Why time cannot be advanced. */
export function Refused({ refused: { systems } }: { refused: NonNullable<Clock['refused']> }) {
  if (systems.length === 0)
    return (
      <Notice tone="warning" title="Time cannot be advanced here">
        It can where mPanel is tried out: started with npm start, on its own database and with the simulated
        cluster.
      </Notice>
    )
  return (
    <Notice tone="warning" title="Time cannot be advanced while something real is connected">
      <p>It lives in real time, and would be told of a future that never was. Remove it first:</p>
      <ul className="list-disc pl-5">
        {systems.map(({ kind, name }) => (
          <li key={`${kind} ${name}`} className="break-all">
            {SYSTEMS[kind]}: {name}
          </li>
        ))}
      </ul>
    </Notice>
  )
}

const REFUSED = t`Something real is connected, or this is not a trial.`

/** The same day and time of the next month, or its last day. */
function monthAfter(at: Date): Date {
  const months = at.getUTCFullYear() * 12 + at.getUTCMonth() + 1
  const lastDay = new Date(Date.UTC(Math.floor(months / 12), (months % 12) + 1, 0)).getUTCDate()
  const to = new Date(at)
  to.setUTCFullYear(Math.floor(months / 12), months % 12, Math.min(at.getUTCDate(), lastDay))
  return to
}

/** What time it is, and the ways to go on from there. */
export function Advance({
  clock: { now, aheadMs, refused },
  assume,
}: {
  clock: Clock
  assume: 'paid' | 'unpaid'
}) {
  const client = useQueryClient()
  const events = useQuery(clockEventsQuery(assume, aheadMs))
  const next = events.data?.items.find(({ at }) => at > now)?.at
  const { mutate, isPending, variables } = useSubmit({
    send: advance,
    onDone: (clock) => client.setQueryData(clockQuery.queryKey, clock),
  })
  const from = new Date(now)
  const after = (days: number) => new Date(from.getTime() + days * DAY_MS).toISOString()
  const ways = [
    { label: t`To the next event`, to: next, missing: t`Nothing is known to happen by itself.` },
    { label: t`A day`, to: after(1) },
    { label: t`A week`, to: after(7) },
    { label: t`A month`, to: monthAfter(from).toISOString() },
  ]
  return (
    <Card title="Now">
      <p className="flex flex-wrap items-baseline gap-x-3 text-xl font-semibold">
        <Time at={now} />
        <span className="text-[13px] font-normal text-muted">
          {aheadMs === 0
            ? t`The time of this machine.`
            : t`${Math.round(aheadMs / DAY_MS)} days ahead of this machine.`}
        </span>
      </p>
      <fieldset className="mt-4 flex flex-wrap gap-2">
        <legend className="sr-only">Advance time</legend>
        {ways.map(({ label, to, missing }) => (
          <Button
            key={label}
            variant={to === next ? 'primary' : 'secondary'}
            loading={isPending && variables === to}
            disabledReason={refused ? REFUSED : to === undefined ? missing : undefined}
            onClick={() =>
              to !== undefined &&
              mutate(to, { onError: (error) => toast.failed(t`Time stays where it is`, error.message) })
            }
          >
            {label}
          </Button>
        ))}
      </fieldset>
    </Card>
  )
}

type Run = NonNullable<Clock['run']>

/** How far it has got. */
export function Advancing({ run, now }: { run: Run; now: string }) {
  const client = useQueryClient()
  const { mutate, isPending } = useSubmit({
    send: stop,
    onDone: (clock) => client.setQueryData(clockQuery.queryKey, clock),
  })
  const [from, to] = [Date.parse(run.from), Date.parse(run.to)]
  const percent = Math.min(100, Math.round(((Date.parse(now) - from) / (to - from)) * 100))
  return (
    <Card
      title="Time is being advanced"
      actions={
        <Button
          loading={isPending}
          icon={<OctagonX aria-hidden className="size-4" />}
          onClick={() =>
            mutate(undefined, { onError: (error) => toast.failed(t`It goes on`, error.message) })
          }
        >
          Stop here
        </Button>
      }
    >
      <div className="space-y-3">
        <p className="flex flex-wrap items-baseline gap-x-3 text-xl font-semibold">
          <Time at={now} />
          <span className="text-[13px] font-normal text-muted">
            on the way to <Time at={run.to} />
          </span>
        </p>
        <Progress value={percent} label={t`${percent} % of the way`} />
        <Waits run={run} />
      </div>
    </Card>
  )
}

function Waits({ run: { waitsFor, detail } }: { run: Run }) {
  const { tenant } = useSession()
  if (waitsFor === null || waitsFor === 'work')
    return (
      <p className="text-[13px] break-words text-muted">
        {detail === null ? t`Each day ends when its work is done.` : t`This day waits for: ${detail}`}
      </p>
    )
  return (
    <Notice
      tone="warning"
      title={
        waitsFor === 'stopped'
          ? t`All automation is stopped`
          : t`An unusually large action waits for a decision`
      }
      action={
        <Link {...paths.queues(tenant.slug)} className="underline">
          Queues & workers
        </Link>
      }
    >
      Time goes on by itself once somebody has decided.
    </Notice>
  )
}

const ENDED = {
  arrived: t`Time has arrived where it was to go`,
  stopped: t`Time was stopped on the way`,
  refused: t`Time has stopped: something real was connected`,
}

/** What came of the last time. */
export function Last({ last: { from, to, ended, failedJobs, notes } }: { last: NonNullable<Clock['last']> }) {
  const { tenant } = useSession()
  const isFine = ended === 'arrived' && failedJobs === 0 && notes.length === 0
  return (
    <Notice
      tone={isFine ? 'success' : 'warning'}
      title={ENDED[ended]}
      action={
        failedJobs > 0 && (
          <Link {...paths.jobs(tenant.slug, { state: 'failed' })} className="underline">
            {t`${failedJobs} jobs failed`}
          </Link>
        )
      }
    >
      <p>
        From <Time at={from} /> to <Time at={to} />.
      </p>
      {notes.map(({ at, message }) => (
        <p key={at} className="text-[13px]">
          <CalendarClock aria-hidden className="mr-1 inline size-3.5" />
          <Time at={at} />: {message}
        </p>
      ))}
    </Notice>
  )
}
