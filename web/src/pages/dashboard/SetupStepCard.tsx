import { t } from '../../../../shared/text.ts'
import { Link, type LinkProps } from '@tanstack/react-router'
import { CHECKS, type SetupStep } from '../../api/dashboardSetup.ts'
import { useSubmit } from '../../api/submit.ts'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { paths } from '../../paths.ts'
import { Button, buttonClass } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { Notice } from '../../ui/Notice.tsx'

type Words = {
  title: string
  what: string
  /** Where it is connected; mail is by the environment, so that is where one sees what became of it. */
  connect: readonly [label: string, to: (tenant: string) => LinkProps]
}

type System = Exclude<SetupStep['step'], 'company'>
const WORDS: Record<System, Words> = {
  cluster: {
    title: t`Proxmox VE`,
    what: t`CloudPods are made on the nodes of your clusters.`,
    connect: [t`Add a cluster`, (tenant) => paths.newCluster(tenant)],
  },
  dns: {
    title: 'DNS',
    what: t`Zones are served by a PowerDNS of yours. Without one mPanel writes zone files.`,
    connect: [t`Add a DNS server`, (tenant) => paths.newDnsServer(tenant)],
  },
  ca: {
    title: t`Certificates`,
    what: t`An authority that speaks ACME issues certificates. Without one they are signed privately, and browsers do not believe them.`,
    connect: [t`Add an issuer`, (tenant) => paths.sslIssuers(tenant)],
  },
  mail: {
    title: t`Mail`,
    what: t`Customers and users are told by mail. Set SMTP_URL and MPANEL_MAIL_FROM, and start mPanel again; without it mails are kept and can be read here.`,
    connect: [t`Look at the mails`, (tenant) => paths.mail(tenant)],
  },
  payments: {
    title: t`Payments`,
    what: t`Stripe collects what is due. Without it payments are recorded by hand.`,
    connect: [t`Add a payment provider`, (tenant) => paths.paymentProviders(tenant)],
  },
}

type Props = { system: System; step: SetupStep }

export function SetupStepCard({ system: step, step: { state, id, name, problem } }: Props) {
  const { tenant } = useSession()
  const { title, what, connect } = WORDS[step]
  const check = CHECKS[step]
  return (
    <Card
      title={title}
      actions={
        <>
          <span className="self-center">
            <StateBadge of="setup" state={state} />
          </span>
          <Link {...connect[1](tenant.slug)} className={buttonClass('secondary')}>
            {connect[0]}
          </Link>
        </>
      }
    >
      <div className="space-y-3">
        <p className="text-muted">{what}</p>
        {name !== null && <p className="break-words">{name}</p>}
        {problem !== null && <Notice tone="warning">{problem}</Notice>}
        {check && id !== null && (state !== 'simulated' || step !== 'dns') && (
          <LiveCheck title={title} send={(key) => check(id, key)} />
        )}
      </div>
    </Card>
  )
}

/** Asks the system itself, now. */
function LiveCheck({ title, send }: { title: string; send: (key: string) => Promise<string[]> }) {
  const check = useSubmit({ send: (_: undefined, key) => send(key) })
  return (
    <div aria-live="polite" className="space-y-3">
      <Button
        size="sm"
        aria-label={t`Check now: ${title}`}
        loading={check.isPending}
        onClick={() => check.mutate(undefined)}
      >
        Check now
      </Button>
      {check.error && <Notice tone="danger">{check.error.message}</Notice>}
      {check.data?.length === 0 && (
        <Notice tone="success">It answers, and all that is needed is allowed.</Notice>
      )}
      {check.data?.map((problem) => (
        <Notice key={problem} tone="danger">
          {problem}
        </Notice>
      ))}
    </div>
  )
}
