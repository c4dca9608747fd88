import { t } from '../../../shared/text.ts'
import { useQuery } from '@tanstack/react-query'
import { useLocation, useNavigate } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { tenantsQuery } from '../api/tenants.ts'
import { paths } from '../paths.ts'
import { SearchSelect } from '../ui/SearchSelect.tsx'
import { useDebounced } from './hooks.ts'
import { NAVIGATION } from './navigation.ts'
import { ALL, isPlatformUser, useSession } from './session.ts'

const EVERY = { id: ALL, slug: ALL, label: t`All tenants` }
const SECTIONS = NAVIGATION.flatMap(({ places }) => places)

/** Changes the tenant of the address and stays in the same part of the application. */
export function TenantSwitcher() {
  const { me, tenant } = useSession()
  const navigate = useNavigate()
  const { pathname } = useLocation()
  const [typed, setTyped] = useState('')
  const { found, searching } = useTenants(typed)

  const choices = found.map(({ id, slug, name }) => ({ id, slug, label: name, detail: slug }))
  const everyone = isPlatformUser(me) && typed === '' ? [EVERY] : []
  if (!isPlatformUser(me) && me.tenants.length < 2) return <span className="font-medium">{tenant.name}</span>
  return (
    <SearchSelect
      compact
      label="Tenant"
      placeholder="Choose"
      items={[...everyone, ...choices]}
      value={{ id: tenant.id ?? ALL, slug: tenant.slug, label: tenant.name }}
      onSearch={setTyped}
      searching={searching}
      onChange={({ slug }) => {
        const here = SECTIONS.find(({ section }) => pathname.split('/')[3] === section)
        void navigate((here?.to ?? paths.cloudPods)(slug))
      }}
    />
  )
}

type Named = { id: string; slug: string; name: string }

/** Tenants by what was typed: the platform asks the server, others choose among their own. */
export function useTenants(typed: string): { found: Named[]; searching: boolean } {
  const { me } = useSession()
  const q = useDebounced(typed)
  const platform = isPlatformUser(me)
  const { data, isFetching } = useQuery({ ...tenantsQuery({ q, limit: 20 }), enabled: platform })
  return useMemo(() => {
    if (platform) return { found: data?.items ?? [], searching: isFetching }
    const wanted = typed.toLowerCase()
    const found = me.tenants.filter(({ name, slug }) => `${name} ${slug}`.toLowerCase().includes(wanted))
    return { found, searching: false }
  }, [platform, data, isFetching, me, typed])
}
