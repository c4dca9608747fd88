import { createRoute, createRouter } from '@tanstack/react-router'
import type { QueryClient } from '@tanstack/react-query'
import { RootError, Starting } from './components/RootStates.tsx'
import { byMail, index, login, page, root, search, tenant, tenantIndex, under } from './routeBase.tsx'
import { billing } from './routesOfBilling.tsx'
import { domains } from './routesOfDomains.tsx'
import { certificates } from './routesOfSsl.tsx'
import { account, apiKeys, tenants, users } from './routesOfPeople.tsx'

const dashboard = createRoute({
  getParentRoute: under,
  path: 'dashboard',
  component: page(() => import('./pages/dashboard/DashboardPage.tsx')),
})

const setup = createRoute({
  getParentRoute: under,
  path: 'setup',
  component: page(() => import('./pages/dashboard/SetupPage.tsx')),
})

const cloudPods = [
  createRoute({
    getParentRoute: under,
    path: 'cloudpods',
    validateSearch: search('q', 'state', 'tag', 'service', 'page'),
    component: page(() => import('./pages/cloudPod/CloudPodsPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'cloudpods/new',
    component: page(() => import('./pages/cloudPod/NewCloudPodPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'cloudpods/$id',
    validateSearch: search('tab', 'timeframe'),
    component: page(() => import('./pages/cloudPod/CloudPodPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'cloudpods/$id/console',
    component: page(() => import('./pages/cloudPod/ConsolePage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'security-groups',
    validateSearch: search('page'),
    component: page(() => import('./pages/firewall/SecurityGroupsPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'security-groups/new',
    component: page(() => import('./pages/firewall/NewSecurityGroupPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'security-groups/$id',
    component: page(() => import('./pages/firewall/SecurityGroupPage.tsx')),
  }),
] as const

const customers = [
  createRoute({
    getParentRoute: under,
    path: 'customers',
    validateSearch: search('q', 'state', 'group', 'tag', 'page'),
    component: page(() => import('./pages/customer/CustomersPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'customers/new',
    component: page(() => import('./pages/customer/NewCustomerPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'customers/settings',
    component: page(() => import('./pages/customer/CustomerSettingsPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'customers/import',
    validateSearch: search('file'),
    component: page(() => import('./pages/customer/ImportPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'customers/$id/merge',
    validateSearch: search('from'),
    component: page(() => import('./pages/customer/MergePage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'customers/$id',
    validateSearch: search('tab'),
    component: page(() => import('./pages/customer/CustomerPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'customers/$id/edit',
    component: page(() => import('./pages/customer/EditCustomerPage.tsx')),
  }),
] as const

const provisioning = [
  createRoute({
    getParentRoute: under,
    path: 'jobs',
    validateSearch: search('state', 'queue', 'endedSince', 'page'),
    component: page(() => import('./pages/provisioning/JobsPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'jobs/$id',
    component: page(() => import('./pages/provisioning/JobPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'clock',
    validateSearch: search('assume'),
    component: page(() => import('./pages/provisioning/ClockPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'queues',
    validateSearch: search('tab'),
    component: page(() => import('./pages/provisioning/QueuesPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'clusters/$id/edit',
    component: page(() => import('./pages/provisioning/EditClusterPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'clusters/$id/strangers',
    validateSearch: search('q'),
    component: page(() => import('./pages/provisioning/StrangersPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'clusters/$id/strangers/$vmid',
    component: page(() => import('./pages/provisioning/AdoptPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'findings',
    validateSearch: search('state', 'kind', 'page'),
    component: page(() => import('./pages/provisioning/FindingsPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'clusters',
    component: page(() => import('./pages/provisioning/ClustersPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'clusters/new',
    component: page(() => import('./pages/provisioning/NewClusterPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'ip-sources',
    validateSearch: search('page'),
    component: page(() => import('./pages/provisioning/IpSourcesPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'ip-sources/new',
    component: page(() => import('./pages/provisioning/NewIpSourcePage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'ip-sources/$id',
    component: page(() => import('./pages/provisioning/IpSourcePage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'ip-pools',
    validateSearch: search('page'),
    component: page(() => import('./pages/provisioning/IpPoolsPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'ip-pools/new',
    component: page(() => import('./pages/provisioning/NewIpPoolPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'ip-pools/$id',
    component: page(() => import('./pages/provisioning/IpPoolPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'blueprints',
    validateSearch: search('page'),
    component: page(() => import('./pages/provisioning/BlueprintsPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'blueprints/new',
    component: page(() => import('./pages/provisioning/NewBlueprintPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'blueprints/$id',
    component: page(() => import('./pages/provisioning/EditBlueprintPage.tsx')),
  }),
] as const

const mail = createRoute({
  getParentRoute: under,
  path: 'mail',
  validateSearch: search('q', 'state', 'page'),
  component: page(() => import('./pages/mail/MailsPage.tsx')),
})

const audit = [
  createRoute({
    getParentRoute: under,
    path: 'audit',
    validateSearch: search(
      ...(['action', 'outcome', 'targetType', 'targetId', 'actorId', 'requestId', 'correlationId'] as const),
      ...(['from', 'to', 'page'] as const),
    ),
    component: page(() => import('./pages/audit/AuditPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'audit/proof',
    component: page(() => import('./pages/audit/AuditProofPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'audit/sinks',
    component: page(() => import('./pages/audit/AuditSinksPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'audit/webhooks',
    component: page(() => import('./pages/audit/WebhooksPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'audit/webhooks/$id',
    component: page(() => import('./pages/audit/WebhookPage.tsx')),
  }),
] as const

const routeTree = root.addChildren([
  login,
  ...byMail,
  index,
  tenant.addChildren([
    tenantIndex,
    dashboard,
    setup,
    ...billing,
    ...domains,
    ...certificates,
    ...cloudPods,
    ...customers,
    ...provisioning,
    ...tenants,
    ...users,
    mail,
    ...audit,
    apiKeys,
    ...account,
  ]),
])

export const makeRouter = (queryClient: QueryClient) =>
  createRouter({
    routeTree,
    context: { queryClient },
    // Plain `?name=value`, without JSON.
    parseSearch: (query) => Object.fromEntries(new URLSearchParams(query)),
    stringifySearch: (values) => {
      const set = Object.entries(values).filter(([, value]) => typeof value === 'string' && value !== '')
      return set.length === 0 ? '' : `?${new URLSearchParams(set as [string, string][])}`
    },
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    defaultPendingComponent: Starting,
    defaultErrorComponent: RootError,
    scrollRestoration: false,
  })

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>
  }
}
