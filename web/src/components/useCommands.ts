import { useQuery } from '@tanstack/react-query'
import type { NavigateOptions } from '@tanstack/react-router'
import {
  Boxes,
  Building2,
  FileText,
  Globe,
  ListTree,
  LockKeyhole,
  Plus,
  ReceiptText,
  SearchCheck,
  User,
  Users,
  Workflow,
  type LucideIcon,
} from 'lucide-react'
import { useMemo } from 'react'
import type { Permission } from '../../../shared/permissions.ts'
import { t } from '../../../shared/text.ts'
import { searchQuery, type SearchHit } from '../api/search.ts'
import { humanize, jobTitle } from '../lib/words.ts'
import { paths } from '../paths.ts'
import { useDebounced } from './hooks.ts'
import { isOpen, NAVIGATION } from './navigation.ts'
import { recentOf, remember, type Recent } from './recent.ts'
import { isPlatformUser, useSession, type Session } from './session.ts'

export type Command = {
  value: string
  label: string
  detail?: string
  icon: LucideIcon
  link: NavigateOptions
  /** Called when it is chosen. */
  note?: () => void
}
type Group = { value: string; items: Command[] }

const ACTIONS: [
  label: string,
  permission: Permission,
  link: (tenant: string) => NavigateOptions,
  /** Needed on the platform, whatever tenant is chosen. */
  ofPlatform?: true,
][] = [
  [t`New subscription`, 'subscriptions:write', paths.order],
  [t`New CloudPod without subscription`, 'cloudpods:create', paths.newCloudPod],
  [t`New customer`, 'customers:create', paths.newCustomer],
  [t`New security group`, 'cloudpods:firewall', paths.newSecurityGroup],
  [t`New plan`, 'plans:create', paths.newPlan],
  [t`Add a domain`, 'domains:create', paths.newDomain],
  [t`Register a domain`, 'domains:create', paths.domainSearch],
  [t`New DNS template`, 'domains:update', paths.newDnsTemplate],
  [t`Add a DNS server`, 'infrastructure:manage', paths.newDnsServer],
  [t`Add a registrar`, 'infrastructure:manage', paths.newRegistrar],
  [t`Set-up guide`, 'infrastructure:manage', paths.setup, true],
  [t`Add a cluster`, 'infrastructure:manage', paths.newCluster],
  [t`New IP pool`, 'infrastructure:manage', paths.newIpPool],
  [t`Add a NetBox`, 'infrastructure:manage', paths.newIpSource],
  [t`New blueprint`, 'blueprints:create', paths.newBlueprint],
  [t`New tenant`, 'tenants:create', paths.newTenant],
  [t`New user`, 'users:manage', paths.newUser, true],
  [t`New role`, 'roles:manage', paths.newRole],
]

const TYPES: Record<SearchHit['type'], { title: string; icon: LucideIcon }> = {
  customer: { title: t`Customers`, icon: Users },
  cloudPod: { title: t`CloudPods`, icon: Boxes },
  subscription: { title: t`Subscriptions`, icon: ReceiptText },
  invoice: { title: t`Invoices`, icon: FileText },
  domain: { title: t`Domains`, icon: Globe },
  zone: { title: t`DNS zones`, icon: ListTree },
  certificate: { title: t`Certificates`, icon: LockKeyhole },
  job: { title: t`Jobs`, icon: Workflow },
  finding: { title: t`Findings`, icon: SearchCheck },
  tenant: { title: t`Tenants`, icon: Building2 },
  user: { title: t`Users`, icon: User },
}

const PAGES: Record<string, (tenant: string, id: string) => NavigateOptions> = {
  customer: paths.customer,
  cloudPod: paths.cloudPod,
  subscription: paths.subscription,
  invoice: paths.invoice,
  domain: paths.domain,
  zone: (tenant, id) => paths.domain(tenant, id, { tab: 'dns' }),
  certificate: paths.certificate,
  finding: (tenant) => paths.findings(tenant, { state: 'open' }),
  job: paths.job,
  tenant: paths.tenant,
  user: paths.user,
}

/** What the palette offers for what was typed. Things come from the server's search, the rest is known here. */
const GO_TO = t`Go to`
const DO = t`Actions`

export function useCommands(typed: string) {
  const session = useSession()
  const { tenant, can } = session
  const q = useDebounced(typed.trim(), 200)
  const { data, error, isFetching } = useQuery(searchQuery(q, tenant.id))

  const groups = useMemo(() => {
    const matches = (label: string) => label.toLowerCase().includes(typed.trim().toLowerCase())
    const places = NAVIGATION.flatMap((group) => group.places)
      .filter((place) => isOpen(place, session) && matches(place.label))
      .map(({ section, label, icon, to }) => ({ value: `go ${section}`, label, icon, link: to(tenant.slug) }))
    const actions = ACTIONS.filter(
      ([label, permission, , ofPlatform]) =>
        (ofPlatform ? can(permission, null) : can(permission)) && matches(label),
    ).map(([label, , link]) => ({ value: label, label, icon: Plus, link: link(tenant.slug) }))
    const found = typed.trim() === '' ? recent(session) : byType(session, data?.items ?? [])
    return [...found, { value: GO_TO, items: places }, { value: DO, items: actions }].filter(
      (group: Group) => group.items.length > 0,
    )
  }, [typed, data, session, tenant.slug, can])

  const waiting = typed.trim() !== q || (q !== '' && isFetching)
  return { groups, searching: typed.trim() !== '' && waiting, error: q === '' ? null : error }
}

/** The hits of each type together, the type with the best hit first, as the server has ranked them. */
function byType(session: Session, hits: readonly SearchHit[]): Group[] {
  const types = [...new Set(hits.map(({ type }) => type))]
  return types.map((type) => ({
    value: TYPES[type].title,
    items: hits
      .filter((hit) => hit.type === type)
      .flatMap((hit) => commandOf(session, hit, detailOf(session, hit))),
  }))
}

function recent(session: Session): Group[] {
  const kept = recentOf(session.me.user.id).filter(
    (one) => session.tenant.id === undefined || one.tenant?.id === session.tenant.id,
  )
  const items = kept.flatMap((one) =>
    commandOf(
      session,
      one,
      [humanize(one.type), tenantOf(session, one)].filter((word) => word !== '').join(' · '),
    ),
  )
  return [{ value: t`Recent`, items }]
}

function commandOf(session: Session, hit: Recent, detail: string): Command[] {
  const page = PAGES[hit.type === 'zone' ? 'zone' : hit.shownAt.type]
  if (!page) return []
  const { icon } = TYPES[hit.type]
  return [
    {
      value: `${hit.type} ${hit.id}`,
      label: hit.type === 'job' ? jobTitle(hit.label) : hit.label,
      detail,
      icon,
      link: page(session.tenant.slug, hit.shownAt.id),
      note: () => remember(session.me.user.id, hit),
    },
  ]
}

/** Names of tenants help where things of several are shown. */
const tenantOf = ({ me, tenant }: Session, hit: Recent): string =>
  isPlatformUser(me) && tenant.id === undefined && hit.type !== 'tenant' ? (hit.tenant?.name ?? '') : ''

const detailOf = (session: Session, hit: SearchHit): string =>
  [
    hit.type === 'finding' ? humanize(hit.detail) : hit.detail,
    hit.state === 'active' ? '' : humanize(hit.state),
    tenantOf(session, hit),
  ]
    .filter((word) => word !== '')
    .join(' · ')
