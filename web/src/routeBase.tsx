import { createRootRouteWithContext, createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import type { QueryClient } from '@tanstack/react-query'
import type { ComponentType } from 'react'
import { ApiError } from './api/ApiError.ts'
import { meQuery } from './api/session.ts'
import { NotFound, RootError } from './components/RootStates.tsx'
import { enrolmentOf, homeOf } from './components/session.ts'

/** A page in its own chunk: the default export of its file. */
export const page = (load: () => Promise<unknown>) =>
  lazyRouteComponent(load as () => Promise<{ default: ComponentType }>)

type Search = Record<string, unknown>
const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** The search parameters of a list: its filters, and `page`, the trail of cursors that leads to the page shown. */
export const search =
  <Name extends string>(...names: Name[]) =>
  (raw: Search) =>
    Object.fromEntries(names.map((name) => [name, text(raw[name])])) as { [Key in Name]?: string | undefined }

export const root = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  notFoundComponent: NotFound,
  errorComponent: RootError,
})

export const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: search('return', 'second', 'sso'),
  component: page(() => import('./pages/auth/LoginPage.tsx')),
})

export const byMail = [
  createRoute({
    getParentRoute: () => root,
    path: '/forgot-password',
    component: page(() => import('./pages/auth/ForgotPasswordPage.tsx')),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/reset',
    component: page(() => import('./pages/auth/ResetPasswordPage.tsx')),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/invitation',
    component: page(() => import('./pages/auth/InvitationPage.tsx')),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/confirm-email',
    component: page(() => import('./pages/auth/ConfirmEmailPage.tsx')),
  }),
] as const

const loadMe = async (queryClient: QueryClient, href: string) => {
  try {
    const me = await queryClient.ensureQueryData(meQuery)
    const enrolment = enrolmentOf(me)
    if (me.mustEnrol && !href.startsWith(`/t/${enrolment.params.tenant}/account/security`))
      throw redirect(enrolment)
    return me
  } catch (error) {
    if (error instanceof ApiError && error.status === 401)
      throw redirect({ to: '/login', search: href === '/' ? {} : { return: href } })
    throw error
  }
}

export const index = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: async ({ context, location }) => {
    throw redirect(homeOf(await loadMe(context.queryClient, location.href)))
  },
})

export const tenant = createRoute({
  getParentRoute: () => root,
  path: '/t/$tenant',
  beforeLoad: async ({ context, location }) => {
    await loadMe(context.queryClient, location.href)
  },
  component: page(() => import('./components/AppShell.tsx')),
})

export const tenantIndex = createRoute({
  getParentRoute: () => tenant,
  path: '/',
  beforeLoad: async ({ context, location, params }) => {
    throw redirect(homeOf(await loadMe(context.queryClient, location.href), params.tenant))
  },
})

export const under = () => tenant
