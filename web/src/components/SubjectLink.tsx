import { Link, type LinkProps } from '@tanstack/react-router'
import { humanize, jobTitle } from '../lib/words.ts'
import { paths } from '../paths.ts'
import { useSession } from './session.ts'

const PAGES: Record<string, (tenant: string, id: string) => LinkProps> = {
  cloudPod: paths.cloudPod,
  subscription: paths.subscription,
  customer: paths.customer,
  tenant: paths.tenant,
  user: paths.user,
  role: paths.role,
  job: paths.job,
  cluster: (tenant) => paths.clusters(tenant),
  node: (tenant) => paths.clusters(tenant),
  ipPool: (tenant) => paths.ipPools(tenant),
  blueprint: (tenant) => paths.blueprints(tenant),
  plan: (tenant) => paths.plans(tenant),
}

/** What a job or an event is about, as a link where it has a page. */
export function SubjectLink({ type, id, label }: { type: string; id: string | null; label: string | null }) {
  const { tenant } = useSession()
  const link = id === null ? undefined : PAGES[type]?.(tenant.slug, id)
  const words = type === 'job' && label ? jobTitle(label) : label || humanize(type)
  return link ? (
    <Link {...link} className="break-words hover:underline">
      {words}
    </Link>
  ) : (
    <span className="break-words">{words}</span>
  )
}
