import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { stepUpWays } from '../../shared/api/authAccount.ts'
import {
  identities,
  ssoBegin,
  ssoBegun,
  ssoCallback,
  ssoLinkBegin,
  ssoStepUpBegin,
} from '../../shared/api/authSso.ts'
import { idParams } from '../../shared/api/common.ts'
import type { Root } from '../context.ts'
import { AppError } from '../errors.ts'
import { originOf, sessionCookie } from '../middleware/auth.ts'
import * as authService from '../services/authService.ts'
import * as userService from '../services/userService.ts'
import { cookiesOf, openCookies, renewCookie, sessionOf } from './authSession.ts'
import { route, type Route } from './define.ts'

const tag = 'auth'

/** Binds what was begun to the browser that began it. */
const browserCookie = ({ settings }: Root) => {
  const { name, options } = sessionCookie(settings.publicUrl)
  return { name: `${name}-sso`, options }
}

function keepBrowser(root: Root, reply: FastifyReply, { browser }: { browser: string }): void {
  const { name, options } = browserCookie(root)
  void reply.setCookie(name, browser, { ...options, maxAge: authService.SSO_MS / 1000 })
}

const withQuery = (path: string, query: Record<string, string | undefined>): string => {
  const pairs = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined)
  if (pairs.length === 0) return path
  return `${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams(pairs).toString()}`
}

/** Where the browser goes after the provider: to the pages, which say what happened. */
function pageAfter(done: authService.Finished): string {
  const { purpose, returnTo = '/' } = done
  if (purpose === 'step_up') return withQuery(returnTo, { proof: done.ok ? 'given' : done.why })
  if (!done.ok && purpose === 'connect') return withQuery(returnTo, { sso: done.why })
  if (!done.ok) return withQuery('/login', { sso: done.why, return: done.returnTo })
  if (done.session === undefined || !('methods' in done.session) || done.session.device !== undefined)
    return returnTo
  return withQuery('/login', { second: done.session.methods.join(' '), return: done.returnTo })
}

/** Single sign-on: coming in by it, proving anew who one is, and the own connected identities. */
export const authSso: Route[] = [
  {
    method: 'POST',
    path: '/api/auth/sso',
    operationId: 'beginSso',
    summary: 'Begin a log-in at the identity provider that an e-mail leads to',
    tag,
    access: 'public',
    body: ssoBegin,
    perMinute: 20,
    replies: { 200: ssoBegun },
    raw: async (root, request, reply) => {
      const body = request.body as z.infer<typeof ssoBegin>
      const begun = await authService.beginSso(root, originOf(request, undefined), body)
      keepBrowser(root, reply, begun)
      return { url: begun.url }
    },
  },
  {
    method: 'GET',
    path: '/api/auth/sso/{id}/callback',
    operationId: 'finishSso',
    summary: 'Where identity providers send people back to; leads on to the pages',
    tag,
    access: 'public',
    params: idParams,
    query: ssoCallback,
    perMinute: 60,
    replies: { 302: z.null() },
    raw: async (root, request, reply) => {
      const { id: providerId } = request.params as z.infer<typeof idParams>
      const { name, options } = browserCookie(root)
      const { session: token, device } = cookiesOf(root, request)
      const me = token === '' ? undefined : await userService.identifySession(root, token)
      // Under the public address, whatever host the request names.
      const { search } = new URL(request.url, root.settings.publicUrl)
      const url = new URL(`${root.settings.publicUrl}/api/auth/sso/${providerId}/callback${search}`)
      const browser = request.cookies[name] ?? ''
      const origin = originOf(request, me)
      void reply.clearCookie(name, options)
      try {
        const done = await authService.finishSso(root, origin, { providerId, url, browser, me, device })
        if (done.ok && done.session && 'methods' in done.session)
          await openCookies(root, request, reply, done.session)
        else if (done.ok) renewCookie(root, reply, done.session)
        return reply.redirect(pageAfter(done))
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        return reply.redirect(withQuery('/login', { sso: 'refused' }))
      }
    },
  },
  route({
    method: 'GET',
    path: '/api/auth/step-up',
    operationId: 'getStepUpWays',
    summary: 'By what the caller can prove anew who is logged in',
    tag,
    access: 'authenticated',
    beforeEnrolment: true,
    sessionOnly: true,
    replies: { 200: stepUpWays },
    handler: async (ctx, { identity }) => ({ body: await authService.stepUpWays(ctx, identity) }),
  }),
  {
    method: 'POST',
    path: '/api/auth/step-up/sso',
    operationId: 'beginSsoStepUp',
    summary: 'Begin to prove anew who is logged in at an identity provider, which must ask',
    tag,
    access: 'authenticated',
    beforeEnrolment: true,
    sessionOnly: true,
    body: ssoStepUpBegin,
    perMinute: 20,
    replies: { 200: ssoBegun },
    raw: async (root, request, reply, identity) => {
      const body = request.body as z.infer<typeof ssoStepUpBegin>
      const origin = originOf(request, identity)
      const begun = await authService.beginSsoStepUp(root, origin, sessionOf(identity), body)
      keepBrowser(root, reply, begun)
      return { url: begun.url }
    },
  },
  route({
    method: 'GET',
    path: '/api/auth/identities',
    operationId: 'getIdentities',
    summary: 'Show the own connected identities, and the providers one could connect with',
    tag,
    access: 'authenticated',
    sessionOnly: true,
    replies: { 200: identities },
    handler: async (ctx, { identity }) => ({ body: await authService.listIdentities(ctx, identity) }),
  }),
  {
    method: 'POST',
    path: '/api/auth/identities',
    operationId: 'beginSsoLink',
    summary: 'Begin to connect oneself with an identity of a provider',
    tag,
    access: 'authenticated',
    sessionOnly: true,
    stepUp: true,
    body: ssoLinkBegin,
    perMinute: 20,
    replies: { 200: ssoBegun },
    raw: async (root, request, reply, identity) => {
      const body = request.body as z.infer<typeof ssoLinkBegin>
      const origin = originOf(request, identity)
      const begun = await authService.beginSsoLink(root, origin, sessionOf(identity), body)
      keepBrowser(root, reply, begun)
      return { url: begun.url }
    },
  },
  route({
    method: 'DELETE',
    path: '/api/auth/identities/{id}',
    operationId: 'removeIdentity',
    summary: 'Disconnect an own identity',
    tag,
    access: 'authenticated',
    sessionOnly: true,
    stepUp: true,
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { identity, params }) => {
      await authService.removeIdentity(ctx, identity, params.id)
      return { status: 204, body: null }
    },
  }),
]
