import { queryOptions } from '@tanstack/react-query'
import type { z } from 'zod'
import type {
  Invitation,
  invitationAccept,
  invitationCreate,
  InvitationShown,
  Members,
  passwordResetConfirm,
} from '../../../shared/api/invitations.ts'
import type { Role, User } from '../../../shared/api/users.ts'
import { get, post, remove } from './http.ts'
import { listQuery, type ListFilter } from './lists.ts'

export type { Invitation, Members, Role, User }

export const membersQuery = (tenantId: string, cursor: string | undefined) =>
  queryOptions({
    queryKey: ['members', tenantId, cursor] as const,
    queryFn: ({ signal }) =>
      get<Members>(`/api/admin/tenants/${encodeURIComponent(tenantId)}/members`, { cursor }, signal),
  })
export const removeMember = (member: { tenantId: string; userId: string }, key: string) =>
  post<void>(`/api/admin/tenants/${member.tenantId}/members/remove`, { userId: member.userId }, key)

/** The roles that can be given in a tenant, or with null on the platform. */
export const rolesOfQuery = (tenantId: string | null) =>
  listQuery<Role, ListFilter>('roles', '/api/admin/users/roles', {
    tenantId: tenantId ?? undefined,
    limit: 200,
  })

/** Who is invited to the platform. */
export const invitationsQuery = (cursor: string | undefined) =>
  listQuery<Invitation, ListFilter>('invitations', '/api/admin/users/invitations', { cursor })

export type InvitationCreate = z.input<typeof invitationCreate>
export const invite = (tenantId: string | null, body: InvitationCreate, key: string) =>
  post<Invitation>(
    tenantId === null ? '/api/admin/users/invitations' : `/api/admin/tenants/${tenantId}/invitations`,
    body,
    key,
  )
export const resendInvitation = (id: string, key: string) =>
  post<Invitation>(`/api/admin/users/invitations/${id}/resend`, {}, key)
export const revokeInvitation = (id: string) => remove<void>(`/api/admin/users/invitations/${id}`)

/** What a mailed link is for; looking does not use it up. Once it is used there is nothing to look at: never asked again. */
export const invitationShownQuery = (token: string) =>
  queryOptions({
    queryKey: ['invitationShown', token] as const,
    queryFn: () => post<InvitationShown>('/api/auth/invitation', { token }, crypto.randomUUID()),
    staleTime: 'static',
  })
export const acceptInvitation = (body: z.input<typeof invitationAccept>, key: string) =>
  post<void>('/api/auth/invitation/accept', body, key)

export const askForReset = (body: { email: string }, key: string) =>
  post<void>('/api/auth/password-reset', body, key)
export const confirmReset = (body: z.input<typeof passwordResetConfirm>, key: string) =>
  post<void>('/api/auth/password-reset/confirm', body, key)

export const askForEmail = (body: { email: string }, key: string) => post<void>('/api/auth/email', body, key)
export const confirmEmail = (token: string, key: string) =>
  post<void>('/api/auth/email/confirm', { token }, key)
