/** Every permission there is, as `resource:action`. Routes, roles, API-key scopes and the pages use this one list. */
export const PERMISSIONS = [
  'tenants:read',
  'tenants:create',
  'tenants:update',
  'tenants:settings',
  'tenants:suspend',
  'tenants:export',
  'tenants:close',
  'customers:read',
  'customers:create',
  'customers:update',
  'customers:merge',
  'customers:close',
  'customers:export',
  'customers:import',
  'plans:read',
  'plans:create',
  'subscriptions:read',
  'subscriptions:write',
  'billing:read',
  'billing:manage',
  'cloudpods:read',
  'cloudpods:create',
  'cloudpods:update',
  'cloudpods:power',
  'cloudpods:resize',
  'cloudpods:snapshot',
  'cloudpods:console',
  'cloudpods:backup',
  'cloudpods:rebuild',
  'cloudpods:firewall',
  'cloudpods:template',
  'cloudpods:delete',
  'jobs:read',
  'jobs:manage',
  'blueprints:read',
  'blueprints:create',
  'blueprints:update',
  'infrastructure:read',
  'infrastructure:manage',
  'audit:read',
  'audit:export',
  'audit:manage',
  'users:read',
  'users:manage',
  'roles:read',
  'roles:manage',
  'sso:manage',
  'apikeys:read',
  'apikeys:manage',
  'users:view-as',
  'users:impersonate',
  'mails:read',
] as const

export type Permission = (typeof PERMISSIONS)[number]

export const PLATFORM_ROLES = ['SUPER_ADMIN', 'PLATFORM_ADMIN', 'SUPPORT', 'BILLING'] as const
export const TENANT_ROLES = ['TENANT_OWNER', 'TENANT_ADMIN', 'TENANT_USER'] as const
export type BuiltinRole = (typeof PLATFORM_ROLES)[number] | (typeof TENANT_ROLES)[number]

/** Mails open accounts: they are not part of seeing everything. */
const READ = PERMISSIONS.filter((permission) => permission.endsWith(':read') && permission !== 'mails:read')
const TENANT_READ = READ.filter((permission) => permission !== 'infrastructure:read')

/** What each built-in role may do. `test/rules/permissions.txt` shows it as a matrix for review. */
export const ROLE_PERMISSIONS: Record<BuiltinRole, readonly Permission[]> = {
  SUPER_ADMIN: PERMISSIONS,
  PLATFORM_ADMIN: PERMISSIONS,
  SUPPORT: [...READ, 'cloudpods:power', 'jobs:manage', 'users:view-as'],
  BILLING: [
    ...TENANT_READ,
    'customers:create',
    'customers:update',
    'customers:close',
    'customers:export',
    'customers:import',
    'plans:create',
    'subscriptions:write',
    'billing:manage',
  ],
  TENANT_OWNER: [
    ...TENANT_READ,
    'tenants:update',
    'tenants:settings',
    'tenants:export',
    'customers:create',
    'customers:update',
    'customers:merge',
    'customers:close',
    'customers:export',
    'customers:import',
    'subscriptions:write',
    'cloudpods:create',
    'cloudpods:update',
    'cloudpods:power',
    'cloudpods:resize',
    'cloudpods:snapshot',
    'cloudpods:console',
    'cloudpods:backup',
    'cloudpods:rebuild',
    'cloudpods:firewall',
    'cloudpods:template',
    'cloudpods:delete',
    'audit:export',
    'audit:manage',
    'users:manage',
    'roles:manage',
    'sso:manage',
    'apikeys:manage',
  ],
  TENANT_ADMIN: [
    ...TENANT_READ,
    'cloudpods:create',
    'cloudpods:update',
    'cloudpods:power',
    'cloudpods:resize',
    'cloudpods:snapshot',
    'cloudpods:console',
    'cloudpods:backup',
    'cloudpods:rebuild',
    'cloudpods:firewall',
    'cloudpods:template',
  ],
  TENANT_USER: [
    'tenants:read',
    'plans:read',
    'blueprints:read',
    'cloudpods:read',
    'cloudpods:power',
    'jobs:read',
  ],
}

/** What a tenant's own roles may hold: nothing that concerns the platform as a whole. */
export const DELEGABLE: readonly Permission[] = ROLE_PERMISSIONS.TENANT_OWNER

/** What an API key never does, whatever its scopes name: it could make itself, or another, more powerful, or end a tenant. */
export const PEOPLE_ONLY: readonly Permission[] = [
  'users:manage',
  'roles:manage',
  'sso:manage',
  'apikeys:read',
  'apikeys:manage',
  'users:view-as',
  'users:impersonate',
  'mails:read',
  'tenants:close',
]

export const isBuiltinRole = (key: string): key is BuiltinRole => key in ROLE_PERMISSIONS
