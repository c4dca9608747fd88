import { z } from 'zod'
import {
  emailChange,
  invitationAccept,
  invitationShown,
  linkBody,
  passwordResetConfirm,
  passwordResetRequest,
} from '../../shared/api/invitations.ts'
import { identify, originOf } from '../middleware/auth.ts'
import * as authService from '../services/authService.ts'
import * as userAdminService from '../services/userAdminService.ts'
import { route, type Route } from './define.ts'

const tag = 'auth'

/** Ways in that begin with a mail. */
export const authRecovery: Route[] = [
  {
    method: 'POST',
    path: '/api/auth/password-reset',
    operationId: 'requestPasswordReset',
    summary: 'Ask for a mail with a link to set a new password; the answer is the same for every e-mail',
    tag,
    access: 'public',
    body: passwordResetRequest,
    perMinute: 10,
    replies: { 204: z.null() },
    raw: async (root, request, reply) => {
      const { email } = request.body as z.infer<typeof passwordResetRequest>
      await authService.requestReset(root, originOf(request, undefined), email)
      return reply.code(204).send(null)
    },
  },
  {
    method: 'POST',
    path: '/api/auth/password-reset/confirm',
    operationId: 'confirmPasswordReset',
    summary: 'Set a new password by a mailed link; ends all sessions, a second factor stays',
    tag,
    access: 'public',
    body: passwordResetConfirm,
    perMinute: 20,
    replies: { 204: z.null() },
    raw: async (root, request, reply) => {
      const body = request.body as z.infer<typeof passwordResetConfirm>
      await authService.confirmReset(root, originOf(request, undefined), body)
      return reply.code(204).send(null)
    },
  },
  {
    method: 'POST',
    path: '/api/auth/invitation',
    operationId: 'showInvitation',
    summary: 'Show what a mailed invitation is for',
    tag,
    access: 'public',
    body: linkBody,
    perMinute: 20,
    replies: { 200: invitationShown },
    raw: async (root, request) => {
      const { token } = request.body as z.infer<typeof linkBody>
      return userAdminService.showInvitation(root, originOf(request, undefined), token)
    },
  },
  {
    method: 'POST',
    path: '/api/auth/invitation/accept',
    operationId: 'acceptInvitation',
    summary: 'Accept an invitation: with a name and a password, or logged in to the account of its e-mail',
    tag,
    access: 'public',
    body: invitationAccept,
    perMinute: 20,
    replies: { 204: z.null() },
    raw: async (root, request, reply) => {
      const body = request.body as z.infer<typeof invitationAccept>
      const identity = await identify(root, request)
      await userAdminService.acceptInvitation(root, originOf(request, identity), identity, body)
      return reply.code(204).send(null)
    },
  },
  route({
    method: 'POST',
    path: '/api/auth/email',
    operationId: 'requestEmailChange',
    summary: 'Ask for another e-mail address, which is written to and must be confirmed',
    tag,
    access: 'authenticated',
    sessionOnly: true,
    stepUp: true,
    body: emailChange,
    perMinute: 10,
    replies: { 204: z.null() },
    handler: async (ctx, { identity, body }) => {
      await authService.requestEmailChange(ctx, identity, body.email)
      return { status: 204, body: null }
    },
  }),
  route({
    method: 'POST',
    path: '/api/auth/email/confirm',
    operationId: 'confirmEmailChange',
    summary: 'Confirm another e-mail address by a mailed link, logged in as who asked for it',
    tag,
    access: 'authenticated',
    sessionOnly: true,
    body: linkBody,
    perMinute: 20,
    replies: { 204: z.null() },
    handler: async (ctx, { identity, body }) => {
      await authService.confirmEmailChange(ctx, identity, body.token)
      return { status: 204, body: null }
    },
  }),
]
