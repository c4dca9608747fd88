import { deflateSync, inflateSync } from 'node:zlib'

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }
const DEPTHS = [1, 2, 4, 8, 16]

type Chunk = { name: string; data: Buffer }

/** The chunks of a PNG, none of which reaches beyond the file; undefined for what is none. */
function chunksOf(png: Buffer): Chunk[] | undefined {
  if (!png.subarray(0, 8).equals(SIGNATURE)) return undefined
  const chunks: Chunk[] = []
  for (let at = 8; at + 12 <= png.length;) {
    const length = png.readUInt32BE(at)
    if (at + 12 + length > png.length) return undefined
    const name = png.toString('latin1', at + 4, at + 8)
    chunks.push({ name, data: png.subarray(at + 8, at + 8 + length) })
    if (name === 'IEND') return chunks
    at += 12 + length
  }
  return undefined
}

/** The sum over a chunk is left out: who reads this does not look at it. */
function chunk(name: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  return Buffer.concat([length, Buffer.from(name, 'latin1'), data, Buffer.alloc(4)])
}

/**
 * The same picture with nothing in it but its pixels, and these as many as it says it has. Readers of PNGs trust lengths and
 * streams, so that one made on purpose could keep them busy for ever; undefined for such a one, and for interlaced ones.
 */
export function plainPng(png: Buffer): Buffer | undefined {
  const chunks = chunksOf(png)
  const header = chunks?.[0]
  if (!chunks || header?.name !== 'IHDR' || header.data.length !== 13) return undefined
  const [width, height] = [header.data.readUInt32BE(0), header.data.readUInt32BE(4)]
  const [depth = 0, colour = 0, , , interlaced] = header.data.subarray(8)
  const channels = CHANNELS[colour]
  if (channels === undefined || !DEPTHS.includes(depth) || interlaced !== 0) return undefined
  const rowBytes = Math.ceil((width * depth * channels) / 8)
  const wanted = (rowBytes + 1) * height
  const named = (name: string): Buffer[] => chunks.filter((one) => one.name === name).map(({ data }) => data)
  let pixels: Buffer
  try {
    pixels = inflateSync(Buffer.concat(named('IDAT')), { maxOutputLength: wanted + 1 })
  } catch {
    return undefined
  }
  if (pixels.length !== wanted) return undefined
  // Each row begins with the way in which it is written, of which there are five.
  for (let at = 0; at < wanted; at += rowBytes + 1) if ((pixels[at] ?? 5) > 4) return undefined
  const palette = named('PLTE')[0]
  if (colour === 3 && (palette === undefined || palette.length === 0 || palette.length % 3 !== 0))
    return undefined
  const clear = named('tRNS')[0]
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header.data),
    ...(palette !== undefined && colour === 3 ? [chunk('PLTE', palette)] : []),
    ...(clear !== undefined && colour === 3 && depth === 8 && clear.length <= 256
      ? [chunk('tRNS', clear)]
      : []),
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}
