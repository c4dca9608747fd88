import { useLocation, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { t } from '../../../shared/text.ts'
import { paths } from '../paths.ts'
import { SearchSelect } from '../ui/SearchSelect.tsx'
import { NAVIGATION } from './navigation.ts'
import { ALL, isPlatformUser, useSession } from './session.ts'
import { useTenants } from './useTenants.ts'

const EVERY = { id: ALL, slug: ALL, label: t`All tenants` }
const SECTIONS = NAVIGATION.flatMap(({ places }) => places)

/** Changes the tenant of the address and stays in the same part of the application. */
export default function TenantSwitcher() {
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
