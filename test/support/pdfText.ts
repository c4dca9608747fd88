import { inflateSync } from 'node:zlib'

/** The text of a PDF that pdfkit has made with embedded fonts, in the order in which it was drawn, piece by piece. */
export function pdfText(pdf: Buffer): string {
  const objects = new Map(
    [...pdf.toString('latin1').matchAll(/(?:^|\n)(\d+) 0 obj\n([\s\S]*?)\nendobj/g)].map(
      ([, id = '', body = '']) => [id, body],
    ),
  )
  const streamOf = (body: string): string => {
    const bytes = /stream\n([\s\S]*)\nendstream/.exec(body)?.[1] ?? ''
    const raw = Buffer.from(bytes, 'latin1')
    return (body.includes('/FlateDecode') ? inflateSync(raw) : raw).toString('latin1')
  }
  const fonts = new Map<string, string[]>()
  for (const body of objects.values())
    for (const [, name = '', id = ''] of body.matchAll(/\/(F\d+) (\d+) 0 R/g)) {
      const map = /\/ToUnicode (\d+) 0 R/.exec(objects.get(id) ?? '')?.[1] ?? ''
      fonts.set(name, lettersOf(streamOf(objects.get(map) ?? '')))
    }
  return [...objects.values()]
    .filter((body) => body.includes('stream\n') && !body.includes('/Type /XObject'))
    .map((body) => drawnIn(streamOf(body), fonts))
    .join('\n')
}

/** What the glyphs of a font mean, in their order. */
const lettersOf = (map: string): string[] =>
  [...map.matchAll(/\[([^\]]*)\]/g)].flatMap(([, list = '']) =>
    list
      .trim()
      .split(/\s+/)
      .map((hex) =>
        (hex.match(/[0-9a-f]{4}/gi) ?? [])
          .map((code) => String.fromCharCode(Number.parseInt(code, 16)))
          .join(''),
      ),
  )

function drawnIn(content: string, fonts: Map<string, string[]>): string {
  let font: string[] = []
  const lines: string[] = []
  for (const [, name, shown = ''] of content.matchAll(/\/(F\d+) [\d.]+ Tf|\[([^\]]*)\] TJ/g)) {
    if (name !== undefined) font = fonts.get(name) ?? []
    else
      lines.push(
        [...shown.matchAll(/<([0-9a-f]+)>/gi)]
          .flatMap(([, hex = '']) => hex.match(/.{4}/g) ?? [])
          .map((glyph) => font[Number.parseInt(glyph, 16)] ?? '?')
          .join(''),
      )
  }
  return lines.join('\n')
}
