import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { z } from 'zod'

// What the lines of an exported file must look like before anything in them is looked at.

const hex = z.string().regex(/^([0-9a-f]{2})+$/)
const number = z.string().regex(/^\d{1,19}$/)
/** Of this very length: the leaves of a batch are hashed one after the other. */
const leaf = z.string().regex(/^[0-9a-f]{64}$/)
const position = z.number().int().min(0)
export const header = z.object({
  kind: z.literal('mpanel-audit-export'),
  version: z.literal(1),
  publicKey: z.string().nullable(),
  formerKeys: z.array(z.string()).max(1_000).default([]),
  complete: z.boolean(),
})
export const batchLine = z.object({
  kind: z.literal('batch'),
  number,
  sealedAt: z.string(),
  size: z.number().int().min(1),
  events: hex,
  root: hex,
  previous: hex,
  hash: hex,
  signature: hex,
})
export const eventHead = z.object({
  kind: z.literal('event'),
  record: z.number().int(),
  batch: number.nullable(),
  position: position.nullable(),
  leaf,
  path: z.array(hex).max(64).optional(),
  withheld: z.array(z.string()).optional(),
})
export const absentLine = z.object({
  kind: z.literal('absent'),
  batch: number,
  position,
  leaf,
  archived: z.boolean(),
})
export const endLine = z.object({
  kind: z.literal('end'),
  events: z.number(),
  batches: z.number(),
  sha256: hex,
  signature: hex,
})

/** Lines by their bytes: what a line is must not depend on what is in it. */
export async function* linesOf(path: string, gzip: boolean): AsyncGenerator<Buffer> {
  const file = createReadStream(path)
  const source = gzip ? file.pipe(createGunzip()) : file
  file.on('error', (error) => source.destroy(error))
  let rest = Buffer.alloc(0)
  for await (const chunk of source as AsyncIterable<Buffer>) {
    let data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10)) {
      yield data.subarray(0, end)
      data = data.subarray(end + 1)
    }
    rest = Buffer.from(data)
  }
  if (rest.length > 0) yield rest
}

/** Undefined for what is no JSON. */
export const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
