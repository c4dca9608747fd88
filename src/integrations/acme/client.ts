import { createHash } from 'node:crypto'
import type { AllowedNetworks } from '../../lib/outgoing.ts'
import { ok, unknown } from '../../lib/outcome.ts'
import { authorizationIn, linksOf, orderIn, orderUrlsIn, ordersUrlIn, windowIn } from './answers.ts'
import { AccountKey, bindExternally } from './jws.ts'
import { refusalOf } from './problems.ts'
import { AcmeSession, outcome } from './session.ts'
import type { Acme, AcmeConnection, AcmeOrder, AcmeOutcome } from './types.ts'

/** CAs list the newest last, a few on a page: what was just asked for is among the last ones. */
const MAX_ORDER_PAGES = 500
const MAX_ORDERS = 50

const nothing = (): null => null

/** A client of one account at one CA, which must be on the public internet or in an allowed network. */
export function createAcme(allowed: AllowedNetworks, connection: AcmeConnection): Acme {
  const session = new AcmeSession(connection, allowed)
  return {
    ...accountCalls(session),
    ...orderCalls(session),
    ...certificateCalls(session),
    words: {
      proofOf: (token) => {
        const text = `${token}.${session.key.thumbprint}`
        return { http: text, dns: createHash('sha256').update(text).digest('base64url') }
      },
    },
  }
}

const accountCalls = (session: AcmeSession): Pick<Acme, 'directory' | 'register' | 'changeKey'> => ({
  directory: (signal) =>
    outcome(false, async () => {
      const found = await session.directory(signal)
      if (found.outcome !== 'ok') return found
      const { renewalInfo, meta } = found.value
      return ok({
        hasAri: renewalInfo !== undefined,
        needsExternalAccount: meta.externalAccountRequired ?? false,
        termsOfService: meta.termsOfService ?? null,
        caaIdentities: (meta.caaIdentities ?? []).map((name) => name.toLowerCase()),
        profiles: Object.keys(meta.profiles ?? {}),
      })
    }),

  register: ({ email, externalAccount, onlyExisting }, signal) =>
    outcome(true, async () => {
      const urls = await session.directory(signal)
      if (urls.outcome !== 'ok') return urls
      const url = urls.value.newAccount
      const payload = onlyExisting
        ? { onlyReturnExisting: true }
        : {
            termsOfServiceAgreed: true,
            ...(email === null ? {} : { contact: [`mailto:${email}`] }),
            ...(externalAccount && {
              externalAccountBinding: bindExternally(externalAccount, session.key.jwk, url),
            }),
          }
      const answer = await session.post(url, payload, { byKey: true, signal })
      if (answer.outcome !== 'ok') return answer
      const { location } = answer.value.headers
      if (location === undefined) return unknown('The CA did not say where the account is.')
      session.account = location
      return ok({ url: location })
    }),

  changeKey: async (newKeyPem, signal) => {
    const next = new AccountKey(newKeyPem)
    const { account, key } = session
    return session.write(
      (urls) => urls.keyChange,
      (url: string) => next.sign({ jwk: next.jwk, url }, { account, oldKey: key.jwk }),
      signal,
      () => {
        session.key = next
        return null
      },
    )
  },
})

const readOrder = (
  session: AcmeSession,
  url: string,
  signal?: AbortSignal,
): Promise<AcmeOutcome<AcmeOrder>> => session.ask(url, signal, (answer) => orderIn(answer, url))

type OrderCalls =
  | 'newOrder'
  | 'unfinishedOrders'
  | 'order'
  | 'authorization'
  | 'answer'
  | 'deactivate'
  | 'finalize'
const orderCalls = (session: AcmeSession): Pick<Acme, OrderCalls> => ({
  newOrder: ({ names, replaces, profile }, signal) =>
    session.write(
      (urls) => urls.newOrder,
      {
        identifiers: names.map((value) => ({ type: 'dns', value })),
        ...(replaces === undefined ? {} : { replaces }),
        ...(profile === undefined ? {} : { profile }),
      },
      signal,
      (answer) => orderIn(answer, ''),
    ),
  unfinishedOrders: (signal) => unfinishedOrders(session, signal),
  order: (url, signal) => readOrder(session, url, signal),
  authorization: (url, signal) => session.ask(url, signal, (answer) => authorizationIn(answer, url)),
  answer: (url, signal) => session.write(url, {}, signal, nothing),
  deactivate: (url, signal) => session.write(url, { status: 'deactivated' }, signal, nothing),
  finalize: (url, request, signal) =>
    session.write(url, { csr: request.toString('base64url') }, signal, (answer) => orderIn(answer, '')),
})

async function unfinishedOrders(
  session: AcmeSession,
  signal?: AbortSignal,
): Promise<AcmeOutcome<AcmeOrder[]>> {
  if (session.account === null) return ok([])
  const account = await session.ask(session.account, signal, ordersUrlIn)
  if (account.outcome !== 'ok') return account
  let next = account.value
  const urls: string[] = []
  for (let pages = 0; next !== undefined && pages < MAX_ORDER_PAGES; pages++) {
    const page = await session.ask(next, signal, (answer) => ({
      urls: orderUrlsIn(answer),
      next: linksOf(answer, 'next')[0],
    }))
    if (page.outcome !== 'ok') return page
    urls.push(...page.value.urls)
    next = page.value.next
  }
  const found: AcmeOrder[] = []
  for (const url of urls.slice(-MAX_ORDERS)) {
    const one = await readOrder(session, url, signal)
    if (one.outcome === 'ok' && (one.value.status === 'pending' || one.value.status === 'ready'))
      found.push({ ...one.value, url })
  }
  return ok(found)
}

const certificateCalls = (session: AcmeSession): Pick<Acme, 'certificate' | 'revoke' | 'renewalInfo'> => ({
  certificate: (url, signal) =>
    outcome(false, async () => {
      const accept = 'application/pem-certificate-chain'
      const answer = await session.post(url, undefined, { accept, signal })
      if (answer.outcome !== 'ok') return answer
      return ok({ pem: answer.value.body, alternates: linksOf(answer.value, 'alternate') })
    }),
  revoke: (certificate, reason, signal) =>
    session.write(
      (urls) => urls.revokeCert,
      { certificate: certificate.toString('base64url'), reason },
      signal,
      nothing,
    ),
  renewalInfo: (ariId, signal) =>
    outcome(false, async () => {
      const urls = await session.directory(signal)
      if (urls.outcome !== 'ok') return urls
      if (urls.value.renewalInfo === undefined) return ok(null)
      const answer = await session.call('GET', `${urls.value.renewalInfo}/${ariId}`, { signal })
      return answer.status === 200 ? ok(windowIn(answer)) : refusalOf(answer)
    }),
})
