import type { NavigateOptions } from '@tanstack/react-router'
import {
  BellRing,
  Boxes,
  ChartColumn,
  CreditCard,
  Building2,
  FastForward,
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
import { t } from '../../../shared/text.ts'
import { paths } from '../paths.ts'

type Place = {
  /** The part of the address after the tenant. */
  section: string
  label: string
  icon: LucideIcon
  /** Absent: everybody's. */
  permission?: Permission
  /** Only where mPanel is tried out, and its time can be advanced. */
  ofTrial?: true
  to: (tenant: string) => NavigateOptions
}

/** Whether somebody may go to a place. */
export const isOpen = (
  { permission, ofTrial }: Place,
  { me, can }: { me: { clock: unknown }; can: (permission: Permission) => boolean },
): boolean => (permission === undefined || can(permission)) && (!ofTrial || me.clock !== null)

/** The places of the application, as the side bar and the command palette show them. */
export const NAVIGATION: { title: string; places: Place[] }[] = [
  {
    title: t`Overview`,
    places: [{ section: 'dashboard', label: t`Dashboard`, icon: LayoutDashboard, to: paths.dashboard }],
  },
  {
    title: t`Business`,
    places: [
      {
        section: 'subscriptions',
        label: t`Subscriptions`,
        icon: ReceiptText,
        permission: 'subscriptions:read',
        to: paths.subscriptions,
      },
      {
        section: 'cloudpods',
        label: t`CloudPods`,
        icon: Boxes,
        permission: 'cloudpods:read',
        to: paths.cloudPods,
      },
      {
        section: 'security-groups',
        label: t`Security groups`,
        icon: ShieldCheck,
        permission: 'cloudpods:read',
        to: paths.securityGroups,
      },
      {
        section: 'customers',
        label: t`Customers`,
        icon: Users,
        permission: 'customers:read',
        to: paths.customers,
      },
      { section: 'plans', label: t`Plans`, icon: Tags, permission: 'plans:read', to: paths.plans },
      {
        section: 'addons',
        label: t`Add-ons`,
        icon: PackagePlus,
        permission: 'plans:read',
        to: paths.addons,
      },
    ],
  },
  {
    title: t`Domains`,
    places: [
      { section: 'domains', label: t`Domains`, icon: Globe, permission: 'domains:read', to: paths.domains },
      {
        section: 'dns-templates',
        label: t`DNS templates`,
        icon: FileStack,
        permission: 'domains:read',
        to: paths.dnsTemplates,
      },
      {
        section: 'certificates',
        label: t`Certificates`,
        icon: LockKeyhole,
        permission: 'ssl:read',
        to: paths.certificates,
      },
    ],
  },
  {
    title: t`Billing`,
    places: [
      {
        section: 'coupons',
        label: t`Coupons`,
        icon: TicketPercent,
        permission: 'billing:read',
        to: paths.coupons,
      },
      {
        section: 'disputes',
        label: t`Disputes`,
        icon: Scale,
        permission: 'billing:read',
        to: paths.disputes,
      },
      {
        section: 'invoices',
        label: t`Invoices`,
        icon: FileText,
        permission: 'billing:read',
        to: paths.invoices,
      },
      {
        section: 'dunning',
        label: t`Payment reminders`,
        icon: BellRing,
        permission: 'billing:read',
        to: paths.dunning,
      },
      {
        section: 'payment-providers',
        label: t`Payment providers`,
        icon: CreditCard,
        permission: 'billing:read',
        to: paths.paymentProviders,
      },
      {
        section: 'taxes',
        label: t`Taxes`,
        icon: Percent,
        permission: 'billing:read',
        to: paths.taxes,
      },
      {
        section: 'billing-findings',
        label: t`Billing findings`,
        icon: SearchCheck,
        permission: 'billing:read',
        to: paths.billingFindings,
      },
      {
        section: 'billing-report',
        label: t`Figures`,
        icon: ChartColumn,
        permission: 'billing:read',
        to: paths.billingReport,
      },
    ],
  },
  {
    title: t`Provisioning`,
    places: [
      { section: 'jobs', label: t`Jobs`, icon: Workflow, permission: 'jobs:read', to: paths.jobs },
      {
        section: 'queues',
        label: t`Queues & workers`,
        icon: Gauge,
        permission: 'infrastructure:read',
        to: paths.queues,
      },
      {
        section: 'clock',
        label: t`Simulated clock`,
        icon: FastForward,
        permission: 'infrastructure:manage',
        ofTrial: true,
        to: paths.clock,
      },
      {
        section: 'findings',
        label: t`Findings`,
        icon: SearchCheck,
        permission: 'infrastructure:read',
        to: paths.findings,
      },
      {
        section: 'clusters',
        label: t`Clusters & nodes`,
        icon: Server,
        permission: 'infrastructure:read',
        to: paths.clusters,
      },
      {
        section: 'registrars',
        label: t`Registrars`,
        icon: Stamp,
        permission: 'infrastructure:read',
        to: paths.registrars,
      },
      {
        section: 'ip-pools',
        label: t`IP pools`,
        icon: Network,
        permission: 'infrastructure:read',
        to: paths.ipPools,
      },
      {
        section: 'dns-servers',
        label: t`DNS servers`,
        icon: ServerCog,
        permission: 'infrastructure:read',
        to: paths.dnsServers,
      },
      {
        section: 'ssl-issuers',
        label: t`Certificate issuers`,
        icon: Stamp,
        permission: 'infrastructure:read',
        to: paths.sslIssuers,
      },
      {
        section: 'blueprints',
        label: t`Blueprints`,
        icon: Layers,
        permission: 'blueprints:read',
        to: paths.blueprints,
      },
    ],
  },
  {
    title: t`Administration`,
    places: [
      {
        section: 'tenants',
        label: t`Tenants`,
        icon: Building2,
        permission: 'tenants:read',
        to: paths.tenants,
      },
      { section: 'users', label: t`Users`, icon: UserCog, permission: 'users:read', to: paths.users },
      { section: 'roles', label: t`Roles`, icon: KeyRound, permission: 'roles:read', to: paths.roles },
      {
        section: 'api-keys',
        label: t`API keys`,
        icon: KeyRound,
        permission: 'apikeys:read',
        to: paths.apiKeys,
      },
      { section: 'mail', label: t`Mail`, icon: Mail, permission: 'mails:read', to: paths.mail },
      { section: 'audit', label: t`Audit`, icon: FileClock, permission: 'audit:read', to: paths.audit },
    ],
  },
]
