import type { Words } from '../../words.ts'
import type { Branding } from '../tenantSettingsService.ts'

/** What a mail says, before it has a form. */
export type Message = {
  subject: string
  /** Paragraphs in front of the link and after it. */
  before: string[]
  link?: { label: string; url: string }
  after?: string[]
}

export type Rendered = { subject: string; text: string; html: string }

/** On one line: a name that somebody has typed must not end the line it stands in. */
export const oneLine = (text: string, longest = 200): string =>
  text
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, longest)

const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')

/** The colour of a tenant that has chosen none. */
const COLOUR = '#1d4ed8'

/** A message as plain text and as simple HTML, in the tenant's name and colour; `logo` is a whole address here. */
export function render(
  { tag, t }: Pick<Words, 'tag' | 't'>,
  { subject, before, link, after = [] }: Message,
  brand: Pick<Branding, 'name' | 'colour' | 'supportAddress' | 'logo'>,
): Rendered {
  const name = oneLine(brand.name)
  const help = brand.supportAddress === null ? [] : [t`Questions? Write to ${brand.supportAddress}.`]
  const linkText = link === undefined ? [] : [`${link.label}:\n${link.url}`]
  const text = [...before, ...linkText, ...after, `-- \n${[name, ...help].join('\n')}`].join('\n\n')
  const paragraphs = (lines: string[]): string => lines.map((line) => `<p>${escaped(line)}</p>`).join('\n')
  const colour = brand.colour ?? COLOUR
  const button =
    link === undefined
      ? ''
      : `<p><a href="${escaped(link.url)}" style="display:inline-block;padding:10px 18px;border-radius:6px;background:${colour};color:#ffffff;text-decoration:none">${escaped(link.label)}</a></p>
<p style="font-size:13px">${escaped(t`Or copy this address: ${link.url}`)}</p>`
  const picture =
    brand.logo === null ? '' : `<p><img src="${escaped(brand.logo)}" alt="" style="max-height:40px"></p>\n`
  const html = `<!doctype html>
<html lang="${escaped(tag)}"><head><meta charset="utf-8"><title>${escaped(subject)}</title></head>
<body style="font-family:sans-serif;font-size:15px;line-height:1.5;color:#1f2937;max-width:36em">
${picture}<p style="font-weight:bold;color:${colour}">${escaped(name)}</p>
${paragraphs(before)}
${button}
${paragraphs(after)}
<p style="font-size:13px;color:#6b7280">${[name, ...help].map(escaped).join('<br>')}</p>
</body></html>
`
  return { subject: oneLine(subject), text: `${text}\n`, html }
}
