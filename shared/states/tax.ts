import { t } from '../text.ts'
/** The codes of EN 16931: standard rate, zero rate, exempt, reverse charge, export, outside the scope of the tax. */
export const TAX_CATEGORIES = ['S', 'Z', 'E', 'AE', 'G', 'O'] as const
export type TaxCategory = (typeof TAX_CATEGORIES)[number]

/** In words, for pages and documents. */
export const TAX_CATEGORY_WORDS: Record<TaxCategory, string> = {
  S: t`Standard rate`,
  Z: t`Zero rate`,
  E: t`Exempt`,
  AE: t`Reverse charge`,
  G: t`Export`,
  O: t`Outside the scope of tax`,
}

/** `22`, `8.875`: a rate in millionths as percent. */
export const percentOf = (ratePpm: number): string => String(ratePpm / 10_000)
