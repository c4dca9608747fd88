import { idParams } from '../../shared/api/common.ts'
import { mailBody, mailList, mailPage, mailTested } from '../../shared/api/mails.ts'
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
    method: 'POST',
    path: '/api/admin/mails/test',
    operationId: 'sendTestMail',
    summary: 'Send a mail to the caller; the job says what became of it',
    tag: 'mails',
    access: { permission: 'infrastructure:manage', where: { in: 'platform' } },
    perMinute: 10,
    replies: { 202: mailTested },
    handler: async (ctx, { identity }) => {
      const body = await mailOutboxService.test(ctx, identity)
      return { status: 202, body, location: `/api/admin/provisioning/jobs/${body.jobId}` }
    },
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
