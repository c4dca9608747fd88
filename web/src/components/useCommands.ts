import { useQuery } from '@tanstack/react-query'
import type { NavigateOptions } from '@tanstack/react-router'
import { Boxes, Plus, Users, type LucideIcon } from 'lucide-react'
import { useMemo } from 'react'
import type { Permission } from '../../../shared/permissions.ts'
import { cloudPodsQuery } from '../api/cloudPods.ts'
import { customersQuery } from '../api/customers.ts'
import { humanize } from '../lib/words.ts'
import { paths } from '../paths.ts'
import { useDebounced } from './hooks.ts'
import { NAVIGATION } from './navigation.ts'
import { useSession } from './session.ts'

export type Command = {
  value: string
  label: string
  detail?: string
  icon: LucideIcon
  link: NavigateOptions
}
type Group = { value: string; items: Command[] }

const ACTIONS: [
  label: string,
  permission: Permission,
  link: (tenant: string) => NavigateOptions,
  /** Needed on the platform, whatever tenant is chosen. */
  ofPlatform?: true,
][] = [
  ['New subscription', 'subscriptions:write', paths.order],
  ['New CloudPod without subscription', 'cloudpods:create', paths.newCloudPod],
  ['New customer', 'customers:create', paths.newCustomer],
  ['New plan', 'plans:create', paths.newPlan],
  ['Add a cluster', 'infrastructure:manage', paths.newCluster],
  ['New IP pool', 'infrastructure:manage', paths.newIpPool],
  ['New blueprint', 'blueprints:create', paths.newBlueprint],
  ['New tenant', 'tenants:create', paths.newTenant],
  ['New user', 'users:manage', paths.newUser, true],
  ['New role', 'roles:manage', paths.newRole],
]

/** What the palette offers for what was typed. Pods and customers come from the server, the rest is known here. */
export function useCommands(typed: string): { groups: Group[]; searching: boolean } {
  const { tenant, can } = useSession()
  const q = useDebounced(typed.trim(), 200)
  const filter = { q, tenantId: tenant.id, limit: 6 }
  const pods = useQuery({ ...cloudPodsQuery(filter), enabled: q !== '' && can('cloudpods:read') })
  const customers = useQuery({ ...customersQuery(filter), enabled: q !== '' && can('customers:read') })

  const groups = useMemo(() => {
    const matches = (label: string) => label.toLowerCase().includes(typed.trim().toLowerCase())
    const places = NAVIGATION.flatMap((group) => group.places)
      .filter(({ permission, label }) => can(permission) && matches(label))
      .map(({ section, label, icon, to }) => ({ value: `go ${section}`, label, icon, link: to(tenant.slug) }))
    const actions = ACTIONS.filter(
      ([label, permission, , ofPlatform]) =>
        (ofPlatform ? can(permission, null) : can(permission)) && matches(label),
    ).map(([label, , link]) => ({ value: label, label, icon: Plus, link: link(tenant.slug) }))
    const foundPods = (q === '' ? [] : (pods.data?.items ?? [])).map((pod) => ({
      value: pod.id,
      label: pod.hostname,
      detail: [humanize(pod.state), ...pod.addresses].join(' · '),
      icon: Boxes,
      link: paths.cloudPod(tenant.slug, pod.id),
    }))
    const foundCustomers = (q === '' ? [] : (customers.data?.items ?? [])).map((customer) => ({
      value: customer.id,
      label: customer.name,
      detail: customer.email,
      icon: Users,
      link: paths.customer(tenant.slug, customer.id),
    }))
    return [
      { value: 'CloudPods', items: foundPods },
      { value: 'Customers', items: foundCustomers },
      { value: 'Go to', items: places },
      { value: 'Actions', items: actions },
    ].filter((group) => group.items.length > 0)
  }, [typed, q, pods.data, customers.data, tenant.slug, can])

  return { groups, searching: q !== '' && (pods.isFetching || customers.isFetching) }
}
