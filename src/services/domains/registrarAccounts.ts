import type { z } from 'zod'
import type { Registrar, registrarCreate, registrarUpdate } from '../../../shared/api/domainRegistrars.ts'
import type { Ctx } from '../../context.ts'
import * as registrars from '../../db/domainRegistrars.ts'
import type { AccountRow, AccountView } from '../../db/domainRegistrars.ts'
import { violatedConstraint } from '../../db/index.ts'
import type { ListOptions } from '../../db/list.ts'
import { AppError, notFound, requireVersion } from '../../errors.ts'
import type { RegistrarConnection } from '../../integrations/registrars/types.ts'
import { newId } from '../../lib/ids.ts'
import { toMoney } from '../../lib/money.ts'
import { withoutTrailingSlashes } from '../../lib/slashes.ts'
import * as auditService from '../auditService.ts'

type Create = z.infer<typeof registrarCreate>
type EppConfig = {
  host: string
  port: number
  clientId: string
  contacts: boolean
  caPem: string | null
  certPem: string | null
}
type Secret = { secret: string; keyPem: string | null }

/** As the first prices of the simulated registry have it. */
const SIMULATED_MARGIN = 20

const purposeOf = (id: string): string => `registrar:${id}`
const isoOf = (at: Date | null): string | null => at?.toISOString() ?? null

const present = (row: AccountView): Registrar => ({
  id: row.id,
  name: row.name,
  driver: row.driver,
  config: row.config as Registrar['config'],
  currency: row.currency,
  simulated: row.simulated,
  state: row.state,
  health: row.health,
  healthMessage: row.health_message,
  checkedAt: isoOf(row.checked_at),
  balance: row.balance_minor === null ? null : toMoney(row.balance_minor, row.currency),
  balanceAt: isoOf(row.balance_at),
  lowBalance: row.low_balance_minor === null ? null : toMoney(row.low_balance_minor, row.currency),
  registryLimit: row.registry_limit_minor === null ? null : toMoney(row.registry_limit_minor, row.currency),
  balanceLowAt: isoOf(row.balance_low_at),
  heldOrders: row.held,
  premiumMarginPercent: row.premium_margin_percent,
  domains: row.domains,
  prices: row.prices,
  version: row.version,
  createdAt: row.created_at.toISOString(),
})

/** What of a connection is kept in the open, and what is sealed. */
function partsOf(body: Create): { config: EppConfig | { url: string }; secret: Secret } {
  if (body.driver === 'namesilo')
    return { config: { url: withoutTrailingSlashes(body.url) }, secret: { secret: body.key, keyPem: null } }
  const { host, port, clientId, contacts, caPem, certPem, keyPem } = body
  if ((certPem === null) !== (keyPem === null)) {
    const message = 'A certificate that we show needs its key, and a key its certificate.'
    throw new AppError('invalid_input', message, { errors: [{ path: 'keyPem', message }] })
  }
  return {
    config: { host, port, clientId, contacts, caPem, certPem },
    secret: { secret: body.password, keyPem },
  }
}

/** How a connection is used, from what was typed. @throws AppError invalid_input */
export function connectionOf(body: Create): RegistrarConnection {
  const { config, secret } = partsOf(body)
  return connect(body.driver, body.currency, config, secret)
}

function connect(
  driver: AccountRow['driver'],
  currency: string,
  config: unknown,
  { secret, keyPem }: Secret,
): RegistrarConnection {
  if (driver === 'namesilo')
    return { kind: 'namesilo', url: (config as { url: string }).url, key: secret, currency }
  const { host, port, clientId, contacts, caPem, certPem } = config as EppConfig
  return {
    kind: 'epp',
    host,
    port,
    clientId,
    password: secret,
    currency,
    contacts,
    ...(caPem === null ? {} : { ca: caPem }),
    ...(certPem === null || keyPem === null ? {} : { cert: certPem, key: keyPem }),
  }
}

/** How to reach a registrar, its secret opened. Never for an answer. @throws AppError not_found */
export async function connectionFor(ctx: Ctx, id: string): Promise<RegistrarConnection> {
  const row = await registrars.find(ctx.tx, id)
  if (!row) throw notFound('registrar')
  const secret = JSON.parse(ctx.sealer.open(row.secret_sealed, purposeOf(id))) as Secret
  return connect(row.driver, row.currency, row.config, secret)
}

export async function listRegistrars(ctx: Ctx, options: ListOptions) {
  const page = await registrars.list(ctx.tx, options)
  return { items: page.items.map(present), nextCursor: page.nextCursor }
}

/** @throws AppError not_found */
export async function getRegistrar(ctx: Ctx, id: string): Promise<Registrar> {
  const row = await registrars.find(ctx.tx, id)
  if (!row) throw notFound('registrar')
  return present(row)
}

const shown = (row: AccountRow): Record<string, unknown> => ({
  name: row.name,
  state: row.state,
  config: row.config,
  lowBalance: row.low_balance_minor,
  premiumMarginPercent: row.premium_margin_percent,
})

const nameTaken = (name: string | undefined) => (error: unknown) => {
  if (violatedConstraint(error) !== 'registrar_accounts_name') throw error
  throw new AppError('already_exists', `There is already a registrar named ${name}.`)
}

const say = (
  ctx: Ctx,
  { id, name }: { id: string; name: string },
  action: string,
  more: { diff?: Record<string, [unknown, unknown]>; details?: Record<string, unknown> } = {},
): Promise<void> =>
  auditService.record(ctx, {
    action,
    tenantId: null,
    target: { type: 'registrar', id, label: name },
    ...more,
  })

/** Adds an account at a registrar; its secrets are sealed and never shown again. @throws AppError already_exists, invalid_input */
export async function addRegistrar(ctx: Ctx, body: Create, simulated = false): Promise<Registrar> {
  const id = newId()
  const { config, secret } = partsOf(body)
  await registrars
    .insert(ctx.tx, {
      id,
      name: body.name,
      driver: body.driver,
      config: JSON.stringify(config),
      secret_sealed: ctx.sealer.seal(JSON.stringify(secret), purposeOf(id)),
      currency: body.currency,
      simulated,
      ...(simulated && { premium_margin_percent: SIMULATED_MARGIN }),
      created_at: ctx.now(),
    })
    .catch(nameTaken(body.name))
  await say(ctx, { id, name: body.name }, 'REGISTRAR_CREATED', { details: { driver: body.driver, config } })
  return getRegistrar(ctx, id)
}

/**
 * Renames a registrar, retires it (nothing new is registered there), says when its balance is low or at what margin
 * premium names are sold, or changes how it is reached.
 * @throws AppError not_found, precondition_failed, already_exists, invalid_input
 */
export async function updateRegistrar(
  ctx: Ctx,
  id: string,
  { name, state, lowBalanceMinor, premiumMarginPercent, connection }: z.infer<typeof registrarUpdate>,
  version: number | undefined,
): Promise<Registrar> {
  const before = await registrars.lock(ctx.tx, id)
  if (!before) throw notFound('registrar')
  requireVersion(before.version, version)
  if (
    connection !== undefined &&
    (connection.driver !== before.driver || connection.currency !== before.currency)
  )
    throw new AppError('invalid_input', 'Driver and currency stay: its prices and domains depend on them.')
  const parts = connection && partsOf(connection)
  await registrars
    .update(ctx.tx, id, {
      name: name ?? connection?.name,
      state,
      premium_margin_percent: premiumMarginPercent,
      ...(lowBalanceMinor !== undefined && {
        low_balance_minor: lowBalanceMinor === null ? null : BigInt(lowBalanceMinor),
      }),
      ...(parts && {
        config: JSON.stringify(parts.config),
        secret_sealed: ctx.sealer.seal(JSON.stringify(parts.secret), purposeOf(id)),
        health: 'unknown',
        health_message: null,
      }),
      version: before.version + 1,
    })
    .catch(nameTaken(name))
  const after = await registrars.lock(ctx.tx, id)
  await say(ctx, { id, name: after?.name ?? before.name }, 'REGISTRAR_UPDATED', {
    diff: auditService.diffOf<Record<string, unknown>>(shown(before), shown(after ?? before)),
    details: { newSecret: parts !== undefined },
  })
  return getRegistrar(ctx, id)
}

/** The simulated registry is made known, or where it is now. @returns its id */
export async function seedSimulated(ctx: Ctx, body: Create): Promise<{ id: string; isNew: boolean }> {
  const known = await registrars.findSimulated(ctx.tx)
  if (known === undefined) return { id: (await addRegistrar(ctx, body, true)).id, isNew: true }
  const { config, secret } = partsOf(body)
  await registrars.update(ctx.tx, known.id, {
    config: JSON.stringify(config),
    secret_sealed: ctx.sealer.seal(JSON.stringify(secret), purposeOf(known.id)),
  })
  return { id: known.id, isNew: false }
}
