import { createRoute } from '@tanstack/react-router'
import { page, search, under } from './routeBase.tsx'

// Pages about tenants, users and how they come in.

export const tenants = [
  createRoute({
    getParentRoute: under,
    path: 'tenants',
    validateSearch: search('q', 'state', 'sort', 'page'),
    component: page(() => import('./pages/tenant/TenantsPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'tenants/new',
    component: page(() => import('./pages/tenant/NewTenantPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'tenants/settings',
    component: page(() => import('./pages/tenant/PlatformSettingsPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'tenants/$id',
    validateSearch: search('tab', 'page'),
    component: page(() => import('./pages/tenant/TenantPage.tsx')),
  }),
] as const

export const users = [
  createRoute({
    getParentRoute: under,
    path: 'users',
    validateSearch: search('q', 'state', 'role', 'page'),
    component: page(() => import('./pages/user/UsersPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'users/new',
    component: page(() => import('./pages/user/NewUserPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'users/$id',
    validateSearch: search('tab', 'permission', 'in', 'page'),
    component: page(() => import('./pages/user/UserPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'roles',
    validateSearch: search('tab', 'page'),
    component: page(() => import('./pages/user/RolesPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'roles/new',
    component: page(() => import('./pages/user/NewRolePage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'roles/$id',
    component: page(() => import('./pages/user/RolePage.tsx')),
  }),
] as const

export const apiKeys = createRoute({
  getParentRoute: under,
  path: 'api-keys',
  validateSearch: search('tab', 'page'),
  component: page(() => import('./pages/keys/ApiKeysPage.tsx')),
})

export const account = [
  createRoute({
    getParentRoute: under,
    path: 'account/security',
    validateSearch: search('sso'),
    component: page(() => import('./pages/account/SecurityPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'account/sessions',
    validateSearch: search('page'),
    component: page(() => import('./pages/account/SessionsPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'account/log-ins',
    validateSearch: search('page'),
    component: page(() => import('./pages/account/LoginHistoryPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'account/api-keys',
    validateSearch: search('page'),
    component: page(() => import('./pages/account/KeysPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'account/operators',
    validateSearch: search('page'),
    component: page(() => import('./pages/account/ImpersonationsPage.tsx')),
  }),
] as const
