import { idParams } from '../../shared/api/common.ts'
import { mailBody, mailList, mailPage } from '../../shared/api/mails.ts'
import * as mailOutboxService from '../services/mailOutboxService.ts'
import { route, type Route } from './define.ts'

const access = { permission: 'mails:read', where: { in: 'platform' } } as const

export const adminMails: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/mails',
    operationId: 'listMails',
    summary: 'List mails with their state, without what is in them; `q` is a whole address',
    tag: 'mails',
    access,
    query: mailList,
    replies: { 200: mailPage },
    handler: async (ctx, { query }) => ({ body: await mailOutboxService.list(ctx, query, query) }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/mails/{id}',
    operationId: 'readMail',
    summary: 'Read a kept mail, where no mail server is set; the audit log says who has',
    tag: 'mails',
    access,
    params: idParams,
    replies: { 200: mailBody },
    handler: async (ctx, { params, identity }) => ({
      body: await mailOutboxService.read(ctx, identity, params.id),
    }),
  }),
]
