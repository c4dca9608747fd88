import { useQuery } from '@tanstack/react-query'
import { Outlet, useParams } from '@tanstack/react-router'
import { useMemo } from 'react'
import { t } from '../../../shared/text.ts'
import { useLive } from '../api/live.ts'
import { meQuery, type Me } from '../api/session.ts'
import { tenantsQuery } from '../api/tenants.ts'
import { Notice } from '../ui/Notice.tsx'
import { NoRole } from './NoRole.tsx'
import { NotFound, Starting } from './RootStates.tsx'
import { ALL, isPlatformUser, permits, SessionContext, type Session } from './session.ts'
import { ProofDialog } from './ProofDialog.tsx'
import { Sidebar } from './Sidebar.tsx'
import { TopBar } from './TopBar.tsx'

/** The frame around every page: who is asking and for which tenant comes from here. */
export default function AppShell() {
  const { tenant: slug } = useParams({ from: '/t/$tenant' })
  const { data: me } = useQuery(meQuery)
  const tenant = useTenant(me, slug)
  const session = useMemo<Session | null>(
    () =>
      me && tenant && tenant !== 'unknown'
        ? { me, tenant, can: (permission, tenantId = tenant.id) => permits(me, permission, tenantId) }
        : null,
    [me, tenant],
  )
  const live = useLive(session?.tenant.id, (session?.can('jobs:read') ?? false) && !session?.me.mustEnrol)

  if (me && !isPlatformUser(me) && me.tenants.length === 0) return <NoRole email={me.user.email} />
  if (tenant === 'unknown') return <NotFound />
  if (session === null) return <Starting />
  return (
    <SessionContext.Provider value={session}>
      <a
        href="#main"
        className="fixed top-2 left-2 z-50 -translate-y-20 rounded-md bg-accent-fill px-3 py-2 text-on-fill focus:translate-y-0"
      >
        Skip to the content
      </a>
      <div className="lg:grid lg:grid-cols-[15rem_minmax(0,1fr)]">
        <aside className="sticky top-0 hidden h-dvh overflow-y-auto border-r border-line bg-surface lg:block">
          <Sidebar />
        </aside>
        <div className="min-w-0">
          <TopBar />
          <div aria-live="polite" className="px-4 not-empty:pt-4 sm:px-6">
            {!live && !session.me.mustEnrol && (
              <Notice tone="warning" title="Live updates are interrupted">
                The connection is being restored. Until then pages show what they last read.
              </Notice>
            )}
          </div>
          <ProofDialog />
          <main id="main" tabIndex={-1} className="mx-auto max-w-7xl px-4 py-6 outline-none sm:px-6">
            <Outlet />
          </main>
        </div>
      </div>
    </SessionContext.Provider>
  )
}

/** What the slug of the address stands for; undefined while it is looked up. */
function useTenant(me: Me | undefined, slug: string): Session['tenant'] | 'unknown' | undefined {
  const own = me?.tenants.find((tenant) => tenant.slug === slug)
  const platform = me !== undefined && isPlatformUser(me)
  const { data, isPending } = useQuery({
    ...tenantsQuery({ q: slug, limit: 200 }),
    enabled: platform && own === undefined && slug !== ALL,
  })
  return useMemo(() => {
    if (me === undefined) return undefined
    if (slug === ALL) return platform ? { slug, id: undefined, name: t`All tenants` } : 'unknown'
    const found = own ?? data?.items.find((tenant) => tenant.slug === slug)
    if (found) return { slug, id: found.id, name: found.name }
    return platform && isPending ? undefined : 'unknown'
  }, [me, slug, platform, own, data, isPending])
}
