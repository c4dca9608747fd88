import type { SettingsUpdate, SettingView } from '../../shared/api/tenants.ts'
import { isPlatformOnly, SETTING_KEYS, SETTINGS, type SettingKey } from '../../shared/settings.ts'
import { SETTING_WORDS } from '../../shared/settingWords.ts'
import type { Ctx } from '../context.ts'
import * as contracts from '../db/billingContracts.ts'
import * as logos from '../db/tenantLogos.ts'
import * as settings from '../db/tenantSettings.ts'
import { AppError } from '../errors.ts'
import * as auditService from './auditService.ts'
import { addressOf as logoAddress } from './tenantLogoService.ts'

type Value = string | number | null
type Effective = { value: Value; origin: SettingView['origin']; inherited: Value }

/** A default that the installation's configuration has a say in. */
const defaultOf = (ctx: Ctx, key: SettingKey): Value =>
  key === 'billing.paymentTermDays' ? ctx.settings.paymentTermDays : SETTINGS[key].fallback

function effectiveOf(
  ctx: Ctx,
  rows: readonly settings.SettingRow[],
  tenantId: string | null,
): Record<SettingKey, Effective> {
  const of = (key: SettingKey, owner: string | null) =>
    rows.find((row) => row.key === key && row.tenant_id === owner)?.value
  const one = (key: SettingKey): Effective => {
    const [standard, platform] = [defaultOf(ctx, key), of(key, null)]
    const own = tenantId === null ? undefined : of(key, tenantId)
    const inherited = tenantId === null ? standard : (platform ?? standard)
    if (own !== undefined) return { value: own, origin: 'tenant', inherited }
    return platform === undefined
      ? { value: standard, origin: 'default', inherited }
      : { value: platform, origin: 'platform', inherited }
  }
  return Object.fromEntries(SETTING_KEYS.map((key) => [key, one(key)])) as Record<SettingKey, Effective>
}

/** Each setting as it holds for a tenant, or with null for the platform, with where it comes from. */
export async function effective(ctx: Ctx, tenantId: string | null): Promise<Record<SettingKey, Effective>> {
  return effectiveOf(ctx, await settings.ofTenants(ctx.tx, tenantId === null ? [] : [tenantId]), tenantId)
}

export type Branding = {
  name: string
  colour: string | null
  supportAddress: string | null
  /** Beneath the public address; null: there is none. */
  logo: string | null
  /** In which who has chosen none is written to. */
  language: string
}

function logoOf(pictures: readonly logos.LogoRow[], tenantId: string): string | null {
  const own = pictures.find((row) => row.tenant_id === tenantId)
  return own ? logoAddress(tenantId, own.sha256) : null
}

/** How each of these tenants presents itself, for pages and mails. */
export async function brandingsOf(ctx: Ctx, tenantIds: readonly string[]): Promise<Map<string, Branding>> {
  const rows = await settings.ofTenants(ctx.tx, tenantIds)
  const pictures = await logos.ofTenants(ctx.tx, tenantIds)
  return new Map(tenantIds.map((id) => [id, present(effectiveOf(ctx, rows, id), logoOf(pictures, id))]))
}

/** How a tenant presents itself, or with null the platform. */
export async function brandingOf(ctx: Ctx, tenantId: string | null): Promise<Branding> {
  const pictures = await logos.ofTenants(ctx.tx, tenantId === null ? [] : [tenantId])
  return present(await effective(ctx, tenantId), tenantId === null ? null : logoOf(pictures, tenantId))
}

function present(of: Record<SettingKey, Effective>, logo: string | null): Branding {
  const text = (key: SettingKey) => (of[key].value === null ? null : String(of[key].value))
  return {
    name: String(of['branding.name'].value),
    colour: text('branding.colour'),
    supportAddress: text('branding.supportAddress'),
    logo,
    language: String(of['branding.language'].value),
  }
}

/** Every setting with words, value and origin. `tenantId` null: the platform's, of which some are no tenant's. */
export async function list(ctx: Ctx, tenantId: string | null): Promise<{ items: SettingView[] }> {
  const of = await effective(ctx, tenantId)
  return {
    items: SETTING_KEYS.filter((key) => tenantId === null || !isPlatformOnly(key)).map((key) => {
      const { unit, changedBy, input, ...more } = SETTINGS[key]
      const choices = 'choices' in more ? [...more.choices] : null
      return { key, words: SETTING_WORDS[key], unit, changedBy, input, choices, ...of[key] }
    }),
  }
}

/**
 * Sets what is named; null resets to the inherited value.
 * @param mayAll whether the caller may also change what only the platform changes
 * @throws AppError invalid_input for a setting of the platform alone, forbidden, each naming the setting
 */
export async function update(
  ctx: Ctx,
  tenantId: string | null,
  change: SettingsUpdate,
  mayAll: boolean,
): Promise<{ items: SettingView[] }> {
  const named = SETTING_KEYS.filter((key) => change[key] !== undefined)
  const foreign = tenantId === null ? undefined : named.find(isPlatformOnly)
  if (foreign !== undefined) {
    const message = `${foreign} is a setting of the platform as a whole: a tenant has none of its own.`
    throw new AppError('invalid_input', message, { errors: [{ path: foreign, message }] })
  }
  const refused = named.find((key) => SETTINGS[key].changedBy === 'platform' && !mayAll)
  if (refused !== undefined)
    throw new AppError('forbidden', `Only the platform changes ${refused}. Ask your provider.`, {
      details: { setting: refused },
    })
  await settings.lockOwner(ctx.tx, tenantId)
  const before = await effective(ctx, tenantId)
  for (const key of named) {
    const value = change[key]
    if (value === null || value === undefined) await settings.remove(ctx.tx, tenantId, key)
    else await settings.write(ctx.tx, tenantId, key, value, ctx.now())
  }
  // When the next invoices are issued depends on it.
  if (named.includes('billing.renewalLeadDays')) await contracts.lookAgain(ctx.tx, { tenantId }, ctx.now())
  const after = await effective(ctx, tenantId)
  const own = tenantId === null ? 'platform' : 'tenant'
  const shown = ({ value, origin }: Effective) => (origin === own ? value : null)
  await auditService.record(ctx, {
    action: 'SETTINGS_UPDATED',
    tenantId,
    target: { type: tenantId === null ? 'platform' : 'tenant', id: tenantId ?? 'platform' },
    diff: Object.fromEntries(
      named
        .filter((key) => shown(before[key]) !== shown(after[key]))
        .map((key) => [key, [shown(before[key]), shown(after[key])]]),
    ),
  })
  return list(ctx, tenantId)
}
