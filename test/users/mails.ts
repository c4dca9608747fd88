import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { sql } from 'kysely'
import * as mails from '../../src/db/mails.ts'
import * as mailService from '../../src/services/mailService.ts'
import { until, type TestApp } from '../support/app.ts'

type Row = { id: string; state: string; template: string; subject: string; last_error: string | null }

/** Mails to an address, the newest first. */
export const mailsTo = (app: TestApp, email: string): Promise<Row[]> =>
  app.as(async (ctx) => {
    const { rows } = await sql<Row>`select id, state, template, subject, last_error from mails
      where recipient = ${email} order by id desc`.execute(ctx.tx)
    return rows
  })

/** What is inside the newest mail of a template to an address, once it is written. */
export async function textTo(app: TestApp, email: string, template: string): Promise<string> {
  const newest = await until(
    async () => (await mailsTo(app, email)).find((mail) => mail.template === template),
    `a mail ${template} to ${email}`,
  )
  const row = await app.as((ctx) => mails.find(ctx.tx, newest.id))
  return (row && mailService.bodyOf(app.root, row)?.text) ?? ''
}

/** The token of the link in it. */
export const tokenTo = async (app: TestApp, email: string, template: string): Promise<string> =>
  /#t=([\w-]+)/.exec(await textTo(app, email, template))?.[1] ?? ''

export const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest()

/** A real mail server on loopback, which keeps what it takes. `answer` may throw, or destroy the connection. */
export type TestSmtp = {
  url: string
  taken: { to: string[]; from: string; text: string }[]
  close(): Promise<void>
}
type Answer = (text: string, end: (error?: Error | null) => void, hangUp: () => void) => void

export async function startSmtp(
  answer: Answer = (_text, end) => end(),
  options: Pick<SMTPServerOptions, 'onRcptTo' | 'onMailFrom'> = {},
): Promise<TestSmtp> {
  const taken: TestSmtp['taken'] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    ...options,
    onData(stream, session, callback) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        const { mailFrom, rcptTo } = session.envelope
        taken.push({
          to: rcptTo.map(({ address }) => address),
          from: mailFrom === false ? '' : (mailFrom?.address ?? ''),
          text,
        })
        const hangUp = (): void => {
          for (const connection of server.connections) connection.close()
        }
        answer(text, callback, hangUp)
      })
    },
  })
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.server.address() as AddressInfo
  return {
    url: `smtp://127.0.0.1:${port}`,
    taken,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
