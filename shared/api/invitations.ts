import { z } from 'zod'
import { id, listQuery, timestamp } from './common.ts'
import { user } from './users.ts'

/** A role that waits for somebody who was written to. */
export const invitation = z.object({
  id,
  tenantId: id.nullable(),
  email: z.string(),
  roleId: id,
  role: z.string(),
  roleName: z.string(),
  invitedBy: z.string(),
  createdAt: timestamp,
  sentAt: timestamp,
  /** Its link counts until then; sending it again makes a new one. */
  expiresAt: timestamp,
  expired: z.boolean(),
})
export type Invitation = z.infer<typeof invitation>

export const invitationCreate = z.strictObject({ email: z.email().max(320), roleId: id })

export const memberList = listQuery.omit({ tenantId: true })
/** The users who were granted something in the tenant, with those grants, and who is still invited (at most 200). */
export const members = z.object({
  items: z.array(user),
  nextCursor: z.string().nullable(),
  invitations: z.array(invitation),
})
export type Members = z.infer<typeof members>

export const memberRemove = z.strictObject({ userId: id })

/** 43 characters of base64url, from the fragment of a mailed link. */
const token = z.string().min(20).max(200)
export const linkBody = z.strictObject({ token })

/** What a mailed invitation is for. */
export const invitationShown = z.object({
  email: z.string(),
  place: z.string(),
  roleName: z.string(),
  invitedBy: z.string(),
  /** new: a name and a password are asked for; existing: log in as this e-mail first. */
  account: z.enum(['new', 'existing']),
  expiresAt: timestamp,
})
export type InvitationShown = z.infer<typeof invitationShown>

const password = z.string().min(12, 'A password has 12 to 128 characters.').max(128)

export const invitationAccept = z.strictObject({
  token,
  name: z.string().trim().min(1).max(200).optional(),
  password: password.optional(),
})

export const passwordResetRequest = z.strictObject({ email: z.email().max(320) })
export const passwordResetConfirm = z.strictObject({ token, password })
export const emailChange = z.strictObject({ email: z.email().max(320) })
