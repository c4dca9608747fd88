/**
 * What mPanel leaves in the notes of what it makes in WHMCS, which has no keys that make a call safe to repeat: for whom it was
 * made, and how. `page`: to be paid by the customer, until then. `charge`: captured at once, since then.
 */
export type Mark = { mark: string; how: 'client' | 'page' | 'charge'; at: Date }

export const writeMark = ({ mark, how, at }: Mark): string => `[mpanel ${mark} ${how} ${at.toISOString()}]`

export function markIn(notes: string): Mark | null {
  const found = /\[mpanel (\S{1,100}) (client|page|charge) (\d{4}-[0-9T:.-]{10,25}Z)\]/.exec(notes)
  if (!found) return null
  const [, mark = '', how, at = ''] = found
  const when = new Date(at)
  return Number.isNaN(when.getTime()) ? null : { mark, how: how as Mark['how'], at: when }
}

/** How an invoice there is called here: two installations may have one of the same number. */
export const refOf = (install: string, id: string): string => `${install}/${id}`

export function invoiceIdIn(install: string, ref: string): string | null {
  const [whose, id = ''] = ref.split('/')
  return whose === install && /^\d{1,15}$/.test(id) ? id : null
}
