import { t } from '../../../shared/text.ts'

/** What the server says of most faulty fields, in the page's language; the rest stays as it came. */
const KNOWN: Record<string, string> = {
  'is needed': t`This is needed.`,
  'an e-mail address such as ada@example.com': t`An e-mail address such as ada@example.com.`,
  'A password has 12 to 128 characters.': t`A password has 12 to 128 characters.`,
}

export const inputWords = (message: string): string => KNOWN[message] ?? message
