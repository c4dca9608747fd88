import type { GuestOptions } from './types.ts'

/**
 * Everything but letters, digits and `-_.~` in percent form. Proxmox cuts form values at an unescaped `=` and pairs
 * at `;`, so nothing is left to chance.
 */
const percentEncode = (value: string) =>
  encodeURIComponent(value.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )

/** Values by their Proxmox names; `undefined` is left out, booleans become `1` and `0`. */
export type Params = GuestOptions

const asText = (value: string | number | boolean) =>
  typeof value === 'boolean' ? (value ? '1' : '0') : String(value)

/** A query string or form body, `''` when there is nothing to say. */
export const encodeParams = (params: Params): string =>
  Object.entries(params)
    .flatMap(([key, value]) =>
      value === undefined ? [] : [`${percentEncode(key)}=${percentEncode(asText(value))}`],
    )
    .join('&')

/** A path below `/api2/json` from its segments, each escaped. */
export const pathOf = (...segments: (string | number)[]): string =>
  segments.map((segment) => `/${percentEncode(String(segment))}`).join('')

/** The value Proxmox wants for `sshkeys` of a VM: percent-encoded itself, before the form encodes it once more. */
export const encodeSshKeys = (keys: string): string => encodeURIComponent(keys.trim().toWellFormed())
