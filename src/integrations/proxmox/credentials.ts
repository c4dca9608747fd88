import { rejected } from '../../lib/outcome.ts'
import type { Rejected } from '../../lib/outcome.ts'
import { classify } from './classify.ts'
import { encodeParams } from './encode.ts'
import type { Transport } from './http.ts'
import type { ProxmoxConnection } from './types.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** Who we are for Proxmox, as headers. */
export type Credentials = {
  /** `user@realm!token` or `user@realm`: the user of our tasks. */
  user: string
  /** The headers of one request; may log in first. */
  headers(method: Method): Promise<{ headers: Record<string, string> } | Rejected>
  /** Called after a 401: true when a new log-in may help. */
  expired(headers: Record<string, string>): boolean
}

/** A ticket lives for two hours; ours is replaced well before, so that a slow request still ends with a valid one. */
const TICKET_LIFE_MS = 100 * 60 * 1000

type Ticket = { ticket: string; csrf: string; since: number }

/** Token or ticket, whichever the connection names. Throws a TypeError when it names none, both or a broken one. */
export function createCredentials(
  connection: ProxmoxConnection,
  login: { transport: Transport; path: string; timeoutMs: number },
): Credentials {
  const { token, ticket } = connection
  if (token && !ticket) return tokenCredentials(token)
  if (ticket && !token) return ticketCredentials(ticket, login)
  throw new TypeError('A Proxmox connection needs exactly one of token and ticket')
}

function tokenCredentials(token: { id: string; secret: string }): Credentials {
  // Checked here, so that a line break in a pasted secret is no failed request later.
  if (!/^[^\s!=]+@[^\s!=@]+![^\s!=]+$/.test(token.id)) {
    throw new TypeError('A Proxmox token id looks like user@realm!name')
  }
  if (!/^[\x21-\x7e]+$/.test(token.secret)) {
    throw new TypeError('The Proxmox token secret is empty or has blanks in it')
  }
  const headers = { Authorization: `PVEAPIToken=${token.id}=${token.secret}` }
  return { user: token.id, headers: () => Promise.resolve({ headers }), expired: () => false }
}

function ticketCredentials(
  account: { username: string; password: string },
  login: { transport: Transport; path: string; timeoutMs: number },
): Credentials {
  let current: Ticket | null = null
  let running: Promise<Ticket | Rejected> | null = null

  const logIn = (): Promise<Ticket | Rejected> => {
    running ??= requestTicket(account, login).then((result) => {
      running = null
      if ('ticket' in result) current = result
      return result
    })
    return running
  }

  return {
    user: account.username,
    async headers(method) {
      const valid = current && Date.now() - current.since < TICKET_LIFE_MS ? current : await logIn()
      if (!('ticket' in valid)) return valid
      const cookie = { Cookie: `PVEAuthCookie=${valid.ticket}` }
      return { headers: method === 'GET' ? cookie : { ...cookie, CSRFPreventionToken: valid.csrf } }
    },
    expired(headers) {
      // Only the ticket that was refused is dropped: another call may have logged in meanwhile.
      if (current && headers.Cookie === `PVEAuthCookie=${current.ticket}`) current = null
      return true
    },
  }
}

async function requestTicket(
  account: { username: string; password: string },
  login: { transport: Transport; path: string; timeoutMs: number },
): Promise<Ticket | Rejected> {
  const since = Date.now()
  const answer = classify(
    await login.transport.send({
      method: 'POST',
      path: login.path,
      headers: {},
      body: encodeParams({ username: account.username, password: account.password }),
      timeoutMs: login.timeoutMs,
    }),
  )
  if (answer.outcome === 'rejected') return answer
  // A log-in changes nothing, so the call that wanted it was certainly not carried out.
  if (answer.outcome === 'unknown') {
    return rejected('unreachable', `log-in without an answer: ${answer.message}`, { retryable: true })
  }
  return readTicket(answer.value.data, since)
}

function readTicket(data: unknown, since: number): Ticket | Rejected {
  const fields = typeof data === 'object' && data !== null ? data : {}
  const ticket = 'ticket' in fields && typeof fields.ticket === 'string' ? fields.ticket : ''
  const csrf =
    'CSRFPreventionToken' in fields && typeof fields.CSRFPreventionToken === 'string'
      ? fields.CSRFPreventionToken
      : ''
  if ('NeedTFA' in fields && fields.NeedTFA) {
    return rejected('unauthorized', 'this account asks for a second factor; use an API token for a program')
  }
  if (!/^[\x21-\x3a\x3c-\x7e]+$/.test(ticket) || !/^[\x21-\x7e]+$/.test(csrf)) {
    return rejected('refused', 'the log-in answer holds no ticket')
  }
  return { ticket, csrf, since }
}
