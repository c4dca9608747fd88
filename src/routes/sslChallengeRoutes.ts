import { z } from 'zod'
import { asSystem } from '../context.ts'
import * as sslService from '../services/sslService.ts'
import type { Route } from './define.ts'

const params = z.strictObject({ token: z.string().regex(/^[A-Za-z0-9_-]{1,200}$/) })

/** Where CAs look for proofs by HTTP, and where everybody reads what the private CA has revoked: whoever does needs to be nobody. */
export const sslChallengeRoutes: Route[] = [
  {
    method: 'GET',
    path: '/.well-known/acme-challenge/{token}',
    operationId: 'getAcmeChallenge',
    summary: 'The proof for a token that a CA has given (RFC 8555, section 8.3)',
    tag: 'ssl',
    access: 'public',
    params,
    replies: { 200: z.string() },
    raw: async (root, request, reply) => {
      const { token } = request.params as z.infer<typeof params>
      const text = await asSystem(root, 'ssl.challenge', 'platform', (ctx) =>
        sslService.answerToToken(ctx, token),
      )
      return reply.type('application/octet-stream').send(text)
    },
  },
  {
    method: 'GET',
    path: '/pki/private-ca.crl',
    operationId: 'getPrivateCrl',
    summary: 'What the private CA has revoked (RFC 5280, section 5), in DER',
    tag: 'ssl',
    access: 'public',
    replies: { 200: z.string() },
    raw: async (root, _request, reply) => {
      const crl = await asSystem(root, 'ssl.crl', 'platform', (ctx) => sslService.privateCrl(ctx))
      return reply.type('application/pkix-crl').header('cache-control', 'max-age=600').send(crl)
    },
  },
]
