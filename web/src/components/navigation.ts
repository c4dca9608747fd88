import type { NavigateOptions } from '@tanstack/react-router'
import {
  BellRing,
  Boxes,
  ChartColumn,
  CreditCard,
  Building2,
  FileClock,
  FileStack,
  FileText,
  Gauge,
  Globe,
  KeyRound,
  Layers,
  LayoutDashboard,
  LockKeyhole,
  Mail,
  type LucideIcon,
  Network,
  PackagePlus,
  Percent,
  ReceiptText,
  Scale,
  SearchCheck,
  Server,
  ServerCog,
  ShieldCheck,
  Stamp,
  Tags,
  TicketPercent,
  UserCog,
  Users,
  Workflow,
} from 'lucide-react'
import type { Permission } from '../../../shared/permissions.ts'
import { paths } from '../paths.ts'

type Place = {
  /** The part of the address after the tenant. */
  section: string
  label: string
  icon: LucideIcon
  /** Absent: everybody's. */
  permission?: Permission
  to: (tenant: string) => NavigateOptions
}

/** The places of the application, as the side bar and the command palette show them. */
export const NAVIGATION: { title: string; places: Place[] }[] = [
  {
    title: 'Overview',
    places: [{ section: 'dashboard', label: 'Dashboard', icon: LayoutDashboard, to: paths.dashboard }],
  },
  {
    title: 'Business',
    places: [
      {
        section: 'subscriptions',
        label: 'Subscriptions',
        icon: ReceiptText,
        permission: 'subscriptions:read',
        to: paths.subscriptions,
      },
      {
        section: 'cloudpods',
        label: 'CloudPods',
        icon: Boxes,
        permission: 'cloudpods:read',
        to: paths.cloudPods,
      },
      {
        section: 'security-groups',
        label: 'Security groups',
        icon: ShieldCheck,
        permission: 'cloudpods:read',
        to: paths.securityGroups,
      },
      {
        section: 'customers',
        label: 'Customers',
        icon: Users,
        permission: 'customers:read',
        to: paths.customers,
      },
      { section: 'plans', label: 'Plans', icon: Tags, permission: 'plans:read', to: paths.plans },
      {
        section: 'addons',
        label: 'Add-ons',
        icon: PackagePlus,
        permission: 'plans:read',
        to: paths.addons,
      },
    ],
  },
  {
    title: 'Domains',
    places: [
      { section: 'domains', label: 'Domains', icon: Globe, permission: 'domains:read', to: paths.domains },
      {
        section: 'dns-templates',
        label: 'DNS templates',
        icon: FileStack,
        permission: 'domains:read',
        to: paths.dnsTemplates,
      },
      {
        section: 'certificates',
        label: 'Certificates',
        icon: LockKeyhole,
        permission: 'ssl:read',
        to: paths.certificates,
      },
    ],
  },
  {
    title: 'Billing',
    places: [
      {
        section: 'coupons',
        label: 'Coupons',
        icon: TicketPercent,
        permission: 'billing:read',
        to: paths.coupons,
      },
      {
        section: 'disputes',
        label: 'Disputes',
        icon: Scale,
        permission: 'billing:read',
        to: paths.disputes,
      },
      {
        section: 'invoices',
        label: 'Invoices',
        icon: FileText,
        permission: 'billing:read',
        to: paths.invoices,
      },
      {
        section: 'dunning',
        label: 'Unpaid invoices',
        icon: BellRing,
        permission: 'billing:read',
        to: paths.dunning,
      },
      {
        section: 'payment-providers',
        label: 'Payment providers',
        icon: CreditCard,
        permission: 'billing:read',
        to: paths.paymentProviders,
      },
      {
        section: 'taxes',
        label: 'Taxes',
        icon: Percent,
        permission: 'billing:read',
        to: paths.taxes,
      },
      {
        section: 'billing-findings',
        label: 'Billing findings',
        icon: SearchCheck,
        permission: 'billing:read',
        to: paths.billingFindings,
      },
      {
        section: 'billing-report',
        label: 'Figures',
        icon: ChartColumn,
        permission: 'billing:read',
        to: paths.billingReport,
      },
    ],
  },
  {
    title: 'Provisioning',
    places: [
      { section: 'jobs', label: 'Jobs', icon: Workflow, permission: 'jobs:read', to: paths.jobs },
      {
        section: 'queues',
        label: 'Queues & workers',
        icon: Gauge,
        permission: 'infrastructure:read',
        to: paths.queues,
      },
      {
        section: 'findings',
        label: 'Findings',
        icon: SearchCheck,
        permission: 'infrastructure:read',
        to: paths.findings,
      },
      {
        section: 'clusters',
        label: 'Clusters & nodes',
        icon: Server,
        permission: 'infrastructure:read',
        to: paths.clusters,
      },
      {
        section: 'registrars',
        label: 'Registrars',
        icon: Stamp,
        permission: 'infrastructure:read',
        to: paths.registrars,
      },
      {
        section: 'ip-pools',
        label: 'IP pools',
        icon: Network,
        permission: 'infrastructure:read',
        to: paths.ipPools,
      },
      {
        section: 'dns-servers',
        label: 'DNS servers',
        icon: ServerCog,
        permission: 'infrastructure:read',
        to: paths.dnsServers,
      },
      {
        section: 'ssl-issuers',
        label: 'Certificate issuers',
        icon: Stamp,
        permission: 'infrastructure:read',
        to: paths.sslIssuers,
      },
      {
        section: 'blueprints',
        label: 'Blueprints',
        icon: Layers,
        permission: 'blueprints:read',
        to: paths.blueprints,
      },
    ],
  },
  {
    title: 'Administration',
    places: [
      {
        section: 'tenants',
        label: 'Tenants',
        icon: Building2,
        permission: 'tenants:read',
        to: paths.tenants,
      },
      { section: 'users', label: 'Users', icon: UserCog, permission: 'users:read', to: paths.users },
      { section: 'roles', label: 'Roles', icon: KeyRound, permission: 'roles:read', to: paths.roles },
      {
        section: 'api-keys',
        label: 'API keys',
        icon: KeyRound,
        permission: 'apikeys:read',
        to: paths.apiKeys,
      },
      { section: 'mail', label: 'Mail', icon: Mail, permission: 'mails:read', to: paths.mail },
      { section: 'audit', label: 'Audit', icon: FileClock, permission: 'audit:read', to: paths.audit },
    ],
  },
]
