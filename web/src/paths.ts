import { linkOptions } from '@tanstack/react-router'

/** Pages for people who are not logged in, or not yet. */
export const OPEN_PAGES: readonly string[] = [
  '/login',
  '/forgot-password',
  '/reset',
  '/invitation',
  '/confirm-email',
]

/** Every link of the application. `tenant` is a tenant's slug, or `all`. Spread into `<Link>` or hand to `navigate`. */
export const paths = {
  login: (search: { return?: string } = {}) => linkOptions({ to: '/login', search }),
  forgotPassword: () => linkOptions({ to: '/forgot-password' }),

  dashboard: (tenant: string) => linkOptions({ to: '/t/$tenant/dashboard', params: { tenant } }),

  setup: (tenant: string) => linkOptions({ to: '/t/$tenant/setup', params: { tenant } }),

  subscriptions: (tenant: string, search: { state?: string } = {}) =>
    linkOptions({ to: '/t/$tenant/subscriptions', params: { tenant }, search }),
  order: (tenant: string, search: { customer?: string } = {}) =>
    linkOptions({ to: '/t/$tenant/subscriptions/new', params: { tenant }, search }),
  subscription: (tenant: string, id: string) =>
    linkOptions({ to: '/t/$tenant/subscriptions/$id', params: { tenant, id } }),

  cloudPods: (tenant: string, search: { q?: string; state?: string; tag?: string } = {}) =>
    linkOptions({ to: '/t/$tenant/cloudpods', params: { tenant }, search }),
  newCloudPod: (tenant: string) => linkOptions({ to: '/t/$tenant/cloudpods/new', params: { tenant } }),
  cloudPod: (tenant: string, id: string) =>
    linkOptions({ to: '/t/$tenant/cloudpods/$id', params: { tenant, id } }),
  cloudPodConsole: (tenant: string, id: string) =>
    linkOptions({ to: '/t/$tenant/cloudpods/$id/console', params: { tenant, id } }),

  customers: (tenant: string, search: { state?: string; tag?: string; group?: string } = {}) =>
    linkOptions({ to: '/t/$tenant/customers', params: { tenant }, search }),
  customerSettings: (tenant: string) =>
    linkOptions({ to: '/t/$tenant/customers/settings', params: { tenant } }),
  newCustomer: (tenant: string) => linkOptions({ to: '/t/$tenant/customers/new', params: { tenant } }),
  importCustomers: (tenant: string, search: { file?: string } = {}) =>
    linkOptions({ to: '/t/$tenant/customers/import', params: { tenant }, search }),
  mergeCustomer: (tenant: string, id: string, search: { from?: string } = {}) =>
    linkOptions({ to: '/t/$tenant/customers/$id/merge', params: { tenant, id }, search }),
  customer: (tenant: string, id: string) =>
    linkOptions({ to: '/t/$tenant/customers/$id', params: { tenant, id } }),
  editCustomer: (tenant: string, id: string) =>
    linkOptions({ to: '/t/$tenant/customers/$id/edit', params: { tenant, id } }),

  certificates: (
    tenant: string,
    search: { q?: string; tab?: string; problems?: string; endsBefore?: string } = {},
  ) => linkOptions({ to: '/t/$tenant/certificates', params: { tenant }, search }),
  certificate: (tenant: string, id: string) =>
    linkOptions({ to: '/t/$tenant/certificates/$id', params: { tenant, id } }),
  sslIssuers: (tenant: string) => linkOptions({ to: '/t/$tenant/ssl-issuers', params: { tenant } }),
  domains: (tenant: string, search: { q?: string; verified?: string; expiresBefore?: string } = {}) =>
    linkOptions({ to: '/t/$tenant/domains', params: { tenant }, search }),
  domainSearch: (tenant: string, search: { words?: string } = {}) =>
    linkOptions({ to: '/t/$tenant/domains/search', params: { tenant }, search }),
  orderDomain: (tenant: string, search: { name: string; transfer?: string }) =>
    linkOptions({ to: '/t/$tenant/domains/order', params: { tenant }, search }),
  registrars: (tenant: string) => linkOptions({ to: '/t/$tenant/registrars', params: { tenant } }),
  newRegistrar: (tenant: string) => linkOptions({ to: '/t/$tenant/registrars/new', params: { tenant } }),
  registrar: (tenant: string, id: string) =>
    linkOptions({ to: '/t/$tenant/registrars/$id', params: { tenant, id } }),
  newDomain: (tenant: string) => linkOptions({ to: '/t/$tenant/domains/new', params: { tenant } }),
  dnsTemplates: (tenant: string) => linkOptions({ to: '/t/$tenant/dns-templates', params: { tenant } }),
  newDnsTemplate: (tenant: string) => linkOptions({ to: '/t/$tenant/dns-templates/new', params: { tenant } }),
  dnsTemplate: (tenant: string, id: string) =>
    linkOptions({ to: '/t/$tenant/dns-templates/$id', params: { tenant, id } }),
  dnsServers: (tenant: string) => linkOptions({ to: '/t/$tenant/dns-servers', params: { tenant } }),
  newDnsServer: (tenant: string) => linkOptions({ to: '/t/$tenant/dns-servers/new', params: { tenant } }),
  dnsServer: (tenant: string, id: string) =>
    linkOptions({ to: '/t/$tenant/dns-servers/$id', params: { tenant, id } }),
  domain: (tenant: string, id: string, search: { tab?: string } = {}) =>
    linkOptions({ to: '/t/$tenant/domains/$id', params: { tenant, id }, search }),

  addons: (tenant: string) => linkOptions({ to: '/t/$tenant/addons', params: { tenant } }),
  billingFindings: (tenant: string, search: { state?: string; kind?: string } = {}) =>
    linkOptions({ to: '/t/$tenant/billing-findings', params: { tenant }, search }),
  disputes: (tenant: string) => linkOptions({ to: '/t/$tenant/disputes', params: { tenant } }),
  coupons: (tenant: string) => linkOptions({ to: '/t/$tenant/coupons', params: { tenant } }),
  invoices: (tenant: string, search: { status?: string; dueBefore?: string } = {}) =>
    linkOptions({ to: '/t/$tenant/invoices', params: { tenant }, search }),
  invoice: (tenant: string, id: string) =>
    linkOptions({ to: '/t/$tenant/invoices/$id', params: { tenant, id } }),
  dunning: (tenant: string) => linkOptions({ to: '/t/$tenant/dunning', params: { tenant } }),
  billingReport: (tenant: string, search: { from?: string; to?: string } = {}) =>
    linkOptions({ to: '/t/$tenant/billing-report', params: { tenant }, search }),
  taxes: (tenant: string) => linkOptions({ to: '/t/$tenant/taxes', params: { tenant } }),
  paymentProviders: (tenant: string) =>
    linkOptions({ to: '/t/$tenant/payment-providers', params: { tenant } }),
  paymentProvider: (tenant: string, id: string) =>
    linkOptions({ to: '/t/$tenant/payment-providers/$id', params: { tenant, id } }),
  plans: (tenant: string) => linkOptions({ to: '/t/$tenant/plans', params: { tenant } }),
  securityGroups: (tenant: string) => linkOptions({ to: '/t/$tenant/security-groups', params: { tenant } }),
  newSecurityGroup: (tenant: string) =>
    linkOptions({ to: '/t/$tenant/security-groups/new', params: { tenant } }),
  securityGroup: (tenant: string, id: string) =>
    linkOptions({ to: '/t/$tenant/security-groups/$id', params: { tenant, id } }),
  newPlan: (tenant: string) => linkOptions({ to: '/t/$tenant/plans/new', params: { tenant } }),

  jobs: (tenant: string, search: { state?: string; queue?: string; endedSince?: string } = {}) =>
    linkOptions({ to: '/t/$tenant/jobs', params: { tenant }, search }),
  job: (tenant: string, id: string) => linkOptions({ to: '/t/$tenant/jobs/$id', params: { tenant, id } }),
  clock: (tenant: string) => linkOptions({ to: '/t/$tenant/clock', params: { tenant } }),
  queues: (tenant: string) => linkOptions({ to: '/t/$tenant/queues', params: { tenant } }),
  editCluster: (tenant: string, id: string) =>
    linkOptions({ to: '/t/$tenant/clusters/$id/edit', params: { tenant, id } }),
  strangers: (tenant: string, id: string) =>
    linkOptions({ to: '/t/$tenant/clusters/$id/strangers', params: { tenant, id } }),
  adopt: (tenant: string, id: string, vmid: number) =>
    linkOptions({
      to: '/t/$tenant/clusters/$id/strangers/$vmid',
      params: { tenant, id, vmid: String(vmid) },
    }),
  findings: (tenant: string, search: { state?: string; kind?: string } = {}) =>
    linkOptions({ to: '/t/$tenant/findings', params: { tenant }, search }),
  clusters: (tenant: string) => linkOptions({ to: '/t/$tenant/clusters', params: { tenant } }),
  newCluster: (tenant: string) => linkOptions({ to: '/t/$tenant/clusters/new', params: { tenant } }),
  ipSources: (tenant: string) => linkOptions({ to: '/t/$tenant/ip-sources', params: { tenant } }),
  newIpSource: (tenant: string) => linkOptions({ to: '/t/$tenant/ip-sources/new', params: { tenant } }),
  ipSource: (tenant: string, id: string) =>
    linkOptions({ to: '/t/$tenant/ip-sources/$id', params: { tenant, id } }),
  ipPool: (tenant: string, id: string) =>
    linkOptions({ to: '/t/$tenant/ip-pools/$id', params: { tenant, id } }),
  ipPools: (tenant: string) => linkOptions({ to: '/t/$tenant/ip-pools', params: { tenant } }),
  newIpPool: (tenant: string) => linkOptions({ to: '/t/$tenant/ip-pools/new', params: { tenant } }),
  blueprints: (tenant: string) => linkOptions({ to: '/t/$tenant/blueprints', params: { tenant } }),
  blueprint: (tenant: string, id: string) =>
    linkOptions({ to: '/t/$tenant/blueprints/$id', params: { tenant, id } }),
  newBlueprint: (tenant: string) => linkOptions({ to: '/t/$tenant/blueprints/new', params: { tenant } }),

  tenants: (tenant: string) => linkOptions({ to: '/t/$tenant/tenants', params: { tenant } }),
  newTenant: (tenant: string) => linkOptions({ to: '/t/$tenant/tenants/new', params: { tenant } }),
  platformSettings: (tenant: string) =>
    linkOptions({ to: '/t/$tenant/tenants/settings', params: { tenant } }),
  tenant: (tenant: string, id: string) =>
    linkOptions({ to: '/t/$tenant/tenants/$id', params: { tenant, id } }),

  users: (tenant: string, search: { role?: string; state?: string } = {}) =>
    linkOptions({ to: '/t/$tenant/users', params: { tenant }, search }),
  newUser: (tenant: string) => linkOptions({ to: '/t/$tenant/users/new', params: { tenant } }),
  user: (tenant: string, id: string) => linkOptions({ to: '/t/$tenant/users/$id', params: { tenant, id } }),
  roles: (tenant: string, search: { tab?: string } = {}) =>
    linkOptions({ to: '/t/$tenant/roles', params: { tenant }, search }),
  newRole: (tenant: string) => linkOptions({ to: '/t/$tenant/roles/new', params: { tenant } }),
  role: (tenant: string, id: string) => linkOptions({ to: '/t/$tenant/roles/$id', params: { tenant, id } }),
  mail: (tenant: string) => linkOptions({ to: '/t/$tenant/mail', params: { tenant } }),

  audit: (
    tenant: string,
    search: { action?: string; targetType?: string; targetId?: string; correlationId?: string } = {},
  ) => linkOptions({ to: '/t/$tenant/audit', params: { tenant }, search }),
  auditProof: (tenant: string) => linkOptions({ to: '/t/$tenant/audit/proof', params: { tenant } }),
  auditWebhooks: (tenant: string) => linkOptions({ to: '/t/$tenant/audit/webhooks', params: { tenant } }),
  auditWebhook: (tenant: string, id: string) =>
    linkOptions({ to: '/t/$tenant/audit/webhooks/$id', params: { tenant, id } }),
  auditSinks: (tenant: string) => linkOptions({ to: '/t/$tenant/audit/sinks', params: { tenant } }),

  apiKeys: (tenant: string, search: { tab?: string } = {}) =>
    linkOptions({ to: '/t/$tenant/api-keys', params: { tenant }, search }),

  security: (tenant: string) => linkOptions({ to: '/t/$tenant/account/security', params: { tenant } }),
  sessions: (tenant: string) => linkOptions({ to: '/t/$tenant/account/sessions', params: { tenant } }),
  loginHistory: (tenant: string) => linkOptions({ to: '/t/$tenant/account/log-ins', params: { tenant } }),
  ownApiKeys: (tenant: string) => linkOptions({ to: '/t/$tenant/account/api-keys', params: { tenant } }),
  impersonations: (tenant: string) => linkOptions({ to: '/t/$tenant/account/operators', params: { tenant } }),
} as const
