/** What the first bytes of a file say that it is. Only forms that a browser draws and never runs. */
export type ImageHeader = { type: 'image/png' | 'image/jpeg' | 'image/webp'; width: number; height: number }

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/** The form and the dimensions of a PNG, JPEG or WebP; undefined for everything else, whatever its name says. */
export function readImageHeader(data: Buffer): ImageHeader | undefined {
  return readPng(data) ?? readJpeg(data) ?? readWebp(data)
}

function readPng(data: Buffer): ImageHeader | undefined {
  if (data.length < 33 || !data.subarray(0, 8).equals(PNG) || data.toString('latin1', 12, 16) !== 'IHDR')
    return undefined
  return { type: 'image/png', width: data.readUInt32BE(16), height: data.readUInt32BE(20) }
}

/** Start of frame: every marker C0 to CF but those of tables. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc

function readJpeg(data: Buffer): ImageHeader | undefined {
  if (data.length < 4 || data.readUInt16BE(0) !== 0xffd8) return undefined
  for (let at = 2; at + 9 < data.length;) {
    if (data[at] !== 0xff) return undefined
    const marker = data[at + 1] ?? 0
    // A run of FF is filling.
    if (marker === 0xff) {
      at += 1
      continue
    }
    if (isFrame(marker))
      return { type: 'image/jpeg', height: data.readUInt16BE(at + 5), width: data.readUInt16BE(at + 7) }
    const length = data.readUInt16BE(at + 2)
    // The pixels begin, or the end: the frame should have come before.
    if (marker === 0xda || marker === 0xd9 || length < 2) return undefined
    at += 2 + length
  }
  return undefined
}

function readWebp(data: Buffer): ImageHeader | undefined {
  if (
    data.length < 30 ||
    data.toString('latin1', 0, 4) !== 'RIFF' ||
    data.toString('latin1', 8, 12) !== 'WEBP'
  )
    return undefined
  const type = 'image/webp'
  const form = data.toString('latin1', 12, 16)
  if (form === 'VP8X') return { type, width: data.readUIntLE(24, 3) + 1, height: data.readUIntLE(27, 3) + 1 }
  if (form === 'VP8 ' && data.readUIntBE(23, 3) === 0x9d012a)
    return { type, width: data.readUInt16LE(26) & 0x3fff, height: data.readUInt16LE(28) & 0x3fff }
  if (form === 'VP8L' && data[20] === 0x2f) {
    const bits = data.readUInt32LE(21)
    return { type, width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
  }
  return undefined
}
