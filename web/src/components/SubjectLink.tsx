import { Link, type LinkProps } from '@tanstack/react-router'
import type { Permission } from '../../../shared/permissions.ts'
import { humanize, jobTitle } from '../lib/words.ts'
import { paths } from '../paths.ts'
import { useSession } from './session.ts'

type Target = readonly [permission: Permission, page: (tenant: string, id: string) => LinkProps]

const PAGES: Record<string, Target> = {
  cloudPod: ['cloudpods:read', paths.cloudPod],
  subscription: ['subscriptions:read', paths.subscription],
  domain: ['domains:read', paths.domain],
  sslCertificate: ['ssl:read', paths.certificate],
  sslIssuer: ['infrastructure:read', (tenant) => paths.sslIssuers(tenant)],
  customer: ['customers:read', paths.customer],
  tenant: ['tenants:read', paths.tenant],
  user: ['users:read', paths.user],
  role: ['roles:read', paths.role],
  job: ['jobs:read', paths.job],
  cluster: ['infrastructure:read', (tenant) => paths.clusters(tenant)],
  node: ['infrastructure:read', (tenant) => paths.clusters(tenant)],
  ipPool: ['infrastructure:read', paths.ipPool],
  dnsServer: ['infrastructure:manage', paths.dnsServer],
  dnsTemplate: ['domains:read', paths.dnsTemplate],
  ipSource: ['infrastructure:manage', paths.ipSource],
  blueprint: ['blueprints:read', (tenant) => paths.blueprints(tenant)],
  plan: ['plans:read', (tenant) => paths.plans(tenant)],
}

/** What a job or an event is about, as a link where it has a page that the user may read. */
export function SubjectLink({ type, id, label }: { type: string; id: string | null; label: string | null }) {
  const { tenant, can } = useSession()
  const page = PAGES[type]
  const link = id !== null && page && can(page[0]) ? page[1](tenant.slug, id) : undefined
  const words = type === 'job' && label ? jobTitle(label) : label || humanize(type)
  return link ? (
    <Link {...link} className="break-words hover:underline">
      {words}
    </Link>
  ) : (
    <span className="break-words">{words}</span>
  )
}
