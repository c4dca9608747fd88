import { queryOptions } from '@tanstack/react-query'
import type { z } from 'zod'
import type {
  Explanation,
  grantBody,
  Role,
  roleCreate,
  roleUpdate,
  User,
  userCreate,
  UserSession,
  userUpdate,
} from '../../../shared/api/users.ts'
import type { Permission } from '../../../shared/permissions.ts'
import { get, patch, post, remove } from './http.ts'
import { detailQuery, listQuery, type ListFilter } from './lists.ts'

export type { Explanation, Role, User, UserSession }
export type UserCreate = z.input<typeof userCreate>
export type RoleCreate = z.input<typeof roleCreate>
export type RoleUpdate = z.input<typeof roleUpdate>
export type Grant = z.input<typeof grantBody>

const USERS = '/api/admin/users'
const ROLES = `${USERS}/roles`

type UserFilter = ListFilter & {
  q?: string | undefined
  state?: string | undefined
  roleId?: string | undefined
}
export const usersQuery = (filter: UserFilter) => listQuery<User, UserFilter>('users', USERS, filter)
export const userQuery = (id: string) => detailQuery<User>('users', USERS, id)

export const createUser = (body: UserCreate, key: string) => post<User>(USERS, body, key)
export const updateUser = (user: User, body: z.input<typeof userUpdate>) =>
  patch<User>(`${USERS}/${user.id}`, body, user.version)

/** Sends the user the link to set a new password. */
export const sendPasswordReset = (userId: string, key: string) =>
  post<void>(`${USERS}/${userId}/password-reset`, {}, key)

export const giveRole = (userId: string, grant: Grant, key: string) =>
  post<User>(`${USERS}/${userId}/grants`, grant, key)
export const takeRole = (userId: string, grant: Grant) => remove<User>(`${USERS}/${userId}/grants`, grant)

export const userSessionsQuery = (userId: string, filter: Pick<ListFilter, 'cursor'>) =>
  listQuery<UserSession, ListFilter>(`userSessions ${userId}`, `${USERS}/${userId}/sessions`, filter)
/** Without an id: all of them. */
export const endUserSessions = (userId: string, sessionId?: string) =>
  remove<void>(`${USERS}/${userId}/sessions`, { sessionId })

export const explanationQuery = (userId: string, permission: Permission, tenantId: string | undefined) =>
  queryOptions({
    queryKey: ['users', 'explanation', userId, permission, tenantId ?? null] as const,
    queryFn: ({ signal }) => get<Explanation>(`${USERS}/${userId}/explain`, { permission, tenantId }, signal),
  })

type RoleFilter = ListFilter & { kind?: 'builtin' | 'platform' | 'tenant' }
export const rolesQuery = (filter: RoleFilter) => listQuery<Role, RoleFilter>('roles', ROLES, filter)
export const roleQuery = (id: string) => detailQuery<Role>('roles', ROLES, id)

export const createRole = (body: RoleCreate, key: string) => post<Role>(ROLES, body, key)
export const updateRole = (role: Role, body: RoleUpdate) =>
  patch<Role>(`${ROLES}/${role.id}`, body, role.version)
export const deleteRole = (id: string) => remove<void>(`${ROLES}/${id}`)
