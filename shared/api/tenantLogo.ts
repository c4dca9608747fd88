import { z } from 'zod'
import { id, timestamp } from './common.ts'

export const LOGO_BYTES = 200_000
export const LOGO_PIXELS = 2_000

/** The file as Base64: a PNG, JPEG or WebP. */
export const logoUpload = z.strictObject({
  data: z
    .base64()
    .min(1)
    .max(300_000)
    .meta({ examples: ['ZXhhbXBsZQ=='] }),
})

export const logoView = z.object({
  /** Null: the tenant has none. */
  logo: z
    .object({
      /** Relative to the address of this mPanel; it changes with the picture. */
      url: z.string(),
      type: z.string(),
      width: z.number().int(),
      height: z.number().int(),
      bytes: z.number().int(),
      updatedAt: timestamp,
    })
    .nullable(),
})
export type LogoView = z.infer<typeof logoView>

export const logoParams = z.strictObject({ tenantId: id, hash: z.string().regex(/^[0-9a-f]{64}$/) })
