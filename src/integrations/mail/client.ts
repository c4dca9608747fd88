import { isIP } from 'node:net'
import { Readable } from 'node:stream'
import MailComposer from 'nodemailer/lib/mail-composer'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { ok, rejected, unknown, type Outcome, type Rejected } from '../../lib/outcome.ts'
import type { Letter, Mail } from './types.ts'

const CONNECT_MS = 10_000
/** A server may look at a letter for a while before it takes it. */
const SILENCE_MS = 60_000

/** Line ends, also those that only Unicode knows, and other characters that no header has. */
const NO_HEADER = /[\p{Cc}\u2028\u2029]/u
const ADDRESS = /^[^\s@<>(),;:"\\]{1,64}@[^\s@<>(),;:"\\]{1,255}$/

/** A client of the mail server at `smtp://` or `smtps://`, `user:password@` in front of the host where it asks for them. */
export function createMail(url: string, from: string): Mail {
  const server = new URL(url)
  const secure = server.protocol === 'smtps:'
  const host = server.hostname.replace(/^\[|\]$/g, '')
  const user = decodeURIComponent(server.username)
  const options = {
    host,
    port: Number(server.port) || (secure ? 465 : 587),
    secure,
    // A password goes over an encrypted connection only.
    requireTLS: !secure && user !== '' && !isLoopback(host),
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    dnsTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
  }
  const login = user === '' ? undefined : { user, pass: decodeURIComponent(server.password) }
  return {
    async send(letter, handingOver) {
      const fault = faultOf(letter)
      if (fault !== undefined) return rejected('invalid', fault)
      const message = await compose(letter, from)
      return deliver(options, login, { from, to: [letter.to] }, async function* () {
        await handingOver()
        yield message
      })
    },
  }
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

function faultOf({ to, replyTo, fromName, subject }: Letter): string | undefined {
  if (!ADDRESS.test(to) || NO_HEADER.test(to)) return 'The recipient is no e-mail address.'
  if (replyTo !== null && (!ADDRESS.test(replyTo) || NO_HEADER.test(replyTo)))
    return 'The address for answers is no e-mail address.'
  if (NO_HEADER.test(fromName)) return 'The name of the sender holds a line end.'
  return NO_HEADER.test(subject) ? 'The subject holds a line end.' : undefined
}

const compose = (letter: Letter, from: string): Promise<Buffer> =>
  new MailComposer({
    from: { name: letter.fromName, address: from },
    to: { name: '', address: letter.to },
    ...(letter.replyTo === null ? {} : { replyTo: { name: '', address: letter.replyTo } }),
    subject: letter.subject,
    text: letter.text,
    html: letter.html,
    attachments: letter.files.map(({ name, type, content }) => ({
      filename: name,
      contentType: type,
      content,
    })),
    messageId: `<${letter.id}@${from.slice(from.lastIndexOf('@') + 1)}>`,
    // Nobody's holiday note is an answer to these.
    headers: { 'Auto-Submitted': 'auto-generated', 'Content-Language': letter.language },
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build()

type Options = ConstructorParameters<typeof SMTPConnection>[0]

/** Nothing but the letter's end can make a server take it: a fault before that proves that it was not taken. */
function deliver(
  options: Options,
  login: { user: string; pass: string } | undefined,
  envelope: { from: string; to: string[] },
  message: () => AsyncIterable<Buffer>,
): Promise<Outcome<{ answer: string }>> {
  const connection = new SMTPConnection(options)
  let handedOver = false
  return new Promise((resolve) => {
    const end = (outcome: Outcome<{ answer: string }>): void => {
      connection.close()
      resolve(outcome)
    }
    const fail = (error: Fault): void =>
      end(handedOver && !error.responseCode ? unknown(error.message) : refusalOf(error))
    connection.once('error', fail)
    // After a refusal the connection ends first and then says what was refused.
    connection.once('end', () => setImmediate(fail, new Error('The mail server closed the connection.')))
    const send = (): void => {
      const letter = Readable.from(message())
      letter.once('error', fail)
      letter.once('end', () => {
        handedOver = true
      })
      connection.send(envelope, letter, (error, info) => {
        if (error) return fail(error)
        connection.quit()
        resolve(ok({ answer: info?.response ?? '' }))
      })
    }
    connection.connect((error) => {
      if (error) return fail(error)
      if (login === undefined) return send()
      connection.login(login, (refused) => (refused ? fail(refused) : send()))
    })
  })
}

type Fault = Error & { code?: string; responseCode?: number; response?: string }

function refusalOf({ code, responseCode, response, message }: Fault): Rejected {
  if (code === 'EAUTH') return rejected('unauthorized', message)
  if (responseCode === undefined || responseCode === 0)
    return rejected('unreachable', message, { retryable: true })
  const words = response ?? message
  return responseCode >= 500 ? rejected('refused', words) : rejected('busy', words, { retryable: true })
}
