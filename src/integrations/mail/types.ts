import type { Outcome } from '../../lib/outcome.ts'

/** One letter to one person, as plain text and as HTML. */
export type Letter = {
  /** Of the mail, always the same: a copy that arrives twice can be recognised by its Message-ID. */
  id: string
  /** The name beside our own address. */
  fromName: string
  to: string
  replyTo: string | null
  subject: string
  /** As BCP 47 has it. */
  language: string
  text: string
  html: string
  /** What goes along with it. */
  files: { name: string; type: string; content: Buffer }[]
}

/**
 * The contract of a mail server. `rejected` codes: `invalid` (an address or header that is no such thing),
 * `refused` (its words are the message), `unauthorized`, `unreachable`, `busy`.
 * `unknown`: the whole letter was handed over and the server's answer was lost, so it may have taken it.
 */
export type Mail = {
  /** @param handingOver awaited when the server is ready for the letter, before the first byte of it goes out */
  send(letter: Letter, handingOver: () => Promise<void>): Promise<Outcome<{ answer: string }>>
}
