import { Link, type LinkProps } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { CHECKS, type SetupStep } from '../../api/dashboardSetup.ts'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { paths } from '../../paths.ts'
import { buttonClass } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { LiveCheck, MailCheck } from './SetupChecks.tsx'

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

/** What stands in for these has a server of its own, which answers like the real one. */
const ASKED_SIMULATED: readonly System[] = ['cluster', 'payments']

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
        {check && id !== null && (state !== 'simulated' || ASKED_SIMULATED.includes(step)) ? (
          <LiveCheck title={title} problem={problem} send={(key) => check(id, key)} />
        ) : (
          problem !== null && <Notice tone="warning">{problem}</Notice>
        )}
        {step === 'mail' && state !== 'simulated' && <MailCheck />}
      </div>
    </Card>
  )
}
