import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { tenantsQuery } from '../api/tenants.ts'
import { useDebounced } from './hooks.ts'
import { isPlatformUser, useSession } from './session.ts'

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
